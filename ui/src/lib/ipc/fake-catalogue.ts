/** What the fake program has to offer, and the computer it says it runs on. */
import { problemFrom } from './fake-refusals';
import type { CatalogueEntry, Download, Fit, ModelEntry, ModelsView } from './host';

const GB = 1_000_000_000;

const FIT: Fit = {
  verdict: 'fits',
  reason: 'none',
  freeMemoryBytes: 9.1 * GB,
  totalMemoryBytes: 16.5 * GB,
  freeDiskBytes: 212 * GB,
  tokensPerSecond: null,
};

const blankEntry: CatalogueEntry = {
  id: '',
  name: 'BitNet b1.58 2B4T',
  form: 'packed',
  repo: '',
  revision: null,
  licence: 'MIT',
  licenceUrl: 'https://huggingface.co/microsoft/bitnet-b1.58-2B-4T/blob/main/LICENSE',
  parameters: 2.4 * GB,
  context: 4096,
  chat: true,
  recommended: false,
  downloadBytes: 0,
  memoryBytes: 1.4 * GB,
  aboutEn: '',
  aboutDe: '',
  fit: FIT,
  installed: null,
  download: null,
};

const FALCON_LICENCE = {
  licence: 'Falcon LLM Licence 2.0',
  licenceUrl: 'https://falconllm.tii.ae/falcon-terms-and-conditions.html',
};

export const CATALOGUE: CatalogueEntry[] = [
  {
    ...blankEntry,
    id: 'bitnet-2b4t',
    repo: 'microsoft/bitnet-b1.58-2B-4T',
    revision: '04c3b9ad9361b824064a1f25ea60a8be9599b127',
    recommended: true,
    downloadBytes: 1_187_624_448,
    aboutEn: 'Microsoft’s own two-billion-parameter model, trained with the weights −1, 0 and +1.',
    aboutDe:
      'Microsofts eigenes Modell mit zwei Milliarden Parametern, trainiert mit den Gewichten −1, 0 und +1.',
  },
  {
    ...blankEntry,
    id: 'falcon3-1b',
    name: 'Falcon3 1B Instruct 1.58bit',
    repo: 'tiiuae/Falcon3-1B-Instruct-1.58bit',
    revision: '64c2d32ab0e5a0a9b20e8ea55f9c9ac9bd4ff4c5',
    ...FALCON_LICENCE,
    parameters: 1.7 * GB,
    context: 8192,
    downloadBytes: 1_358_954_496,
    memoryBytes: 1.1 * GB,
    aboutEn: 'Small and quick; English, French, Spanish and Portuguese.',
    aboutDe: 'Klein und schnell; Englisch, Französisch, Spanisch und Portugiesisch.',
  },
  {
    ...blankEntry,
    id: 'falcon3-10b',
    name: 'Falcon3 10B Instruct 1.58bit',
    repo: 'tiiuae/Falcon3-10B-Instruct-1.58bit',
    revision: '9f2ef6e6f4f0ee1a2e9f6e4a3f0dc6c5a1e1b6f2',
    ...FALCON_LICENCE,
    parameters: 10.3 * GB,
    context: 32_768,
    downloadBytes: 3_990_000_000,
    memoryBytes: 4.6 * GB,
    aboutEn: 'The largest of its family; knows more and takes its time.',
    aboutDe: 'Das größte seiner Familie; weiß mehr und lässt sich Zeit.',
    fit: { ...FIT, verdict: 'slow', reason: 'speed', tokensPerSecond: 5.2 },
  },
  {
    ...blankEntry,
    id: 'llama3-8b',
    name: 'Llama3 8B 1.58',
    repo: 'HF1BitLLM/Llama3-8B-1.58-100B-tokens',
    licence: 'Llama 3 Community Licence',
    licenceUrl: 'https://llama.meta.com/llama3/license/',
    parameters: 8 * GB,
    context: 8192,
    downloadBytes: 3_840_000_000,
    memoryBytes: 18.2 * GB,
    aboutEn: 'Llama 3 8B, fine-tuned to ternary weights.',
    aboutDe: 'Llama 3 8B, nachträglich auf ternäre Gewichte trainiert.',
    fit: { ...FIT, verdict: 'wontFit', reason: 'memory' },
  },
  {
    ...blankEntry,
    id: 'bitnet-3b',
    name: 'bitnet_b1_58-3B',
    form: 'bf16',
    repo: '1bitLLM/bitnet_b1_58-3B',
    revision: 'af89e318d78a70802061246bf037199d2fb97020',
    licenceUrl: 'https://huggingface.co/1bitLLM/bitnet_b1_58-3B',
    parameters: 3.3 * GB,
    context: 2048,
    chat: false,
    downloadBytes: 13.3 * GB,
    memoryBytes: 1.9 * GB,
    aboutEn: 'An early reproduction of the BitNet paper. It only goes on with a text.',
    aboutDe: 'Ein früher Nachbau zum BitNet-Artikel. Er setzt nur Texte fort.',
    fit: { ...FIT, verdict: 'wontFit', reason: 'disk', freeDiskBytes: 9.7 * GB },
  },
];

export const blankDownload: Download = {
  id: '',
  name: 'BitNet b1.58 2B4T',
  catalogue: 'bitnet-2b4t',
  repo: 'microsoft/bitnet-b1.58-2B-4T',
  host: 'huggingface.co',
  state: { kind: 'asking' },
  doneBytes: 0,
  totalBytes: 0,
  bytesPerSecond: null,
  secondsLeft: null,
};

export const blankModels: ModelsView = {
  catalogue: CATALOGUE,
  downloads: [],
  folder: '/home/kim/.local/share/tern/models',
  folderFreeBytes: 212 * GB,
  folderUsedBytes: 0,
  benchmark: null,
  finished: [],
  host: 'huggingface.co',
};

/** One download in each state, as a person may find them after a bad day. */
export const DOWNLOADS: Download[] = [
  {
    ...blankDownload,
    id: 'd-bitnet',
    state: { kind: 'fetching' },
    doneBytes: 498_800_000,
    totalBytes: 1_187_624_448,
    bytesPerSecond: 11_400_000,
    secondsLeft: 60.4,
  },
  {
    ...blankDownload,
    id: 'd-falcon',
    name: 'Falcon3 1B Instruct 1.58bit',
    catalogue: 'falcon3-1b',
    repo: 'tiiuae/Falcon3-1B-Instruct-1.58bit',
    state: { kind: 'waiting', setback: { kind: 'unreachable' }, seconds: 12 },
    doneBytes: 204_000_000,
    totalBytes: 1_358_954_496,
  },
  {
    ...blankDownload,
    id: 'd-falcon10',
    name: 'Falcon3 10B Instruct 1.58bit',
    catalogue: 'falcon3-10b',
    repo: 'tiiuae/Falcon3-10B-Instruct-1.58bit',
    state: { kind: 'paused' },
    doneBytes: 1_020_000_000,
    totalBytes: 3_990_000_000,
  },
  {
    ...blankDownload,
    id: 'd-own',
    name: 'tinkerer/ternary-experiment',
    catalogue: null,
    repo: 'tinkerer/ternary-experiment',
    state: {
      kind: 'failed',
      problem: problemFrom({
        code: 'storage',
        message: '',
        detail: { kind: 'modelsDiskFull', path: '/home/kim/models' },
      }),
    },
    doneBytes: 780_000_000,
    totalBytes: 1_400_000_000,
  },
];

/** A model Tern downloaded. */
export const DOWNLOADED: ModelEntry = {
  id: 'bitnet-2b4t-04c3',
  name: 'BitNet b1.58 2B4T',
  path: '/home/kim/.local/share/tern/models/microsoft/bitnet-b1.58-2B-4T',
  bytes: 1_187_624_448,
  selected: true,
  state: 'ready',
  warnings: [],
  origin: {
    repo: 'microsoft/bitnet-b1.58-2B-4T',
    revision: '04c3b9ad9361b824064a1f25ea60a8be9599b127',
    catalogue: 'bitnet-2b4t',
  },
  owned: true,
  recorded: true,
  work: null,
};
