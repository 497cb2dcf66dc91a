import { bytes, count, decimal } from '../format';
import type { SettingName } from '../ipc/host';
import type { ProblemWords, WarningWords } from './problems';

const SETTINGS: Record<SettingName, string> = {
  temperature: 'Temperature',
  topP: 'Top-p',
  minP: 'Min-p',
  repetitionPenalty: 'Repetition penalty',
  topK: 'Top-k',
  maxAnswerTokens: 'Longest answer',
  textSize: 'Text size',
  threads: 'Threads',
  systemPromptLength: 'Length of the system prompt',
  presetCount: 'Number of presets',
  presetNameLength: 'Length of a preset’s name',
  quickAskLength: 'Length of the quick-ask keys',
  mirrorLength: 'Length of the mirror’s address',
  proxyLength: 'Length of the proxy’s address',
  unloadAfter: 'Minutes until a model leaves memory',
};

const CHOOSE = 'Choose a .gguf file, or a folder that holds config.json and .safetensors files.';

const NOT_A_MODEL = {
  neitherFileNorFolder: 'it is neither a file nor a folder',
  noConfigBeside: 'there is no config.json beside it',
  description: 'it only describes one',
  otherFile: 'it does not begin as a GGUF file does',
  noConfig: 'the folder has no config.json',
  noWeights: 'the folder has no .safetensors file',
};

const ADVICE = {
  noConfigBeside:
    'Choose the whole folder of the model, with config.json and the tokenizer’s files in it.',
  description: 'Choose the folder it is in.',
};

/** What went wrong and what to do, in English. */
export const problemsEn: ProblemWords = {
  noHome: () =>
    'Tern found no folder for its data on this computer. Set the environment variable TERN_DATA_DIR to a folder you can write to and start Tern again.',
  folderUnusable: ({ folder, detail }) =>
    `Tern can’t keep its chats in the folder ${folder}: ${detail}. Make sure that you can write to this folder, or set the environment variable TERN_DATA_DIR to another one, then start Tern again.`,
  inUse: ({ folder }) =>
    `Tern is already open with this data folder (${folder}). Use the window that is open, or close it and try again.`,
  newerDatabase: ({ path, found, supported }) =>
    `The chats in ${path} were last used by a newer version of Tern (format ${count(found)}; this one knows up to ${count(supported)}). Install the newer version to open them. They have not been changed.`,
  notADatabase: ({ path }) =>
    `The file ${path} is not a chat history of Tern, so Tern leaves it alone. Move it to another folder and start Tern again.`,
  damaged: ({ path, backups, detail }) =>
    `The chat history ${path} is damaged (${detail}). Nothing was deleted. To go back to a backup: close Tern, move every file whose name begins with history.db to a safe place, copy the newest file from ${backups} (if there is one) to where history.db was, and name it history.db.`,
  notMigrated: ({ path, backups, detail }) =>
    `The chat history ${path} could not be brought up to date: ${detail}. No chat was changed, and a copy from before is in ${backups}. Go back to the version of Tern you used before, and please report this.`,
  diskFull: ({ path }) =>
    `The disk with ${path} is full. What is already saved is safe; free some space and try again.`,
  readOnly: ({ path }) =>
    `Tern may not write to ${path}. Make the file and its folder writable, then try again.`,
  locked: ({ path }) =>
    `Another program is using ${path}. Close it (a database viewer, a backup or sync program) and try again.`,
  notStored: ({ path, detail }) =>
    `Tern could not read or write ${path}: ${detail}. Check that the disk is connected and try again.`,
  noChat: () => 'This chat does not exist any more. Choose another one from the list.',
  noMessage: () => 'This message does not exist any more. Open the chat again.',
  noAnswer: () => 'This answer does not exist any more. Open the chat again.',
  noQuestion: () => 'This question does not exist any more. Open the chat again.',
  stillWriting: () =>
    'This answer is still being written. Stop it, or wait for its end, then try again.',
  answerEnded: () => 'This answer has already ended, so its text stays as it is.',
  noBackup: ({ cause }) => `Today’s backup of the chats could not be made. ${cause}`,

  nothingThere: ({ path }) =>
    `There is nothing at ${path}. Check the name, or choose the file again.`,
  notAModel: ({ path, reason, hasGguf }) => {
    const advice =
      reason === 'noConfigBeside' || reason === 'description' ? ADVICE[reason] : CHOOSE;
    return `${path} is not a model: ${NOT_A_MODEL[reason]}. ${hasGguf ? 'Choose the .gguf file in it.' : advice}`;
  },
  pathNotText: ({ path }) =>
    `The path ${path} contains characters that are not text, so Tern can’t remember it. Rename the file or folder, then choose it again.`,
  modelUnreadable: ({ path, detail }) =>
    `Tern can’t read ${path}: ${detail}. Make sure that it is there and that you may open it, then try again.`,
  unknownModel: ({ id }) =>
    `There is no model “${id}” in Tern’s list. Choose another model, or open its file again.`,
  newerModelList: ({ path, found }) =>
    `The list of models ${path} was written by a newer version of Tern (format ${count(found)}). Install the newer version, or move the file to another folder and open your models again.`,
  modelList: ({ path, detail }) =>
    `Tern could not read or write its list of models ${path}: ${detail}. Make sure that you can write to this folder, then try again.`,
  modelMissing: ({ name, path }) =>
    `The model “${name}” is no longer at ${path}. Put the file back, or choose another model.`,

  exportDiskFull: ({ path }) =>
    `The disk with ${path} is full, so nothing was exported. Free some space or choose another disk, then try again.`,
  exportNotWritable: ({ path }) =>
    `Tern may not write to ${path}, so nothing was exported. Choose another folder and try again.`,
  exportFailed: ({ path, detail }) =>
    `${path} could not be written: ${detail}. Nothing was exported. Choose another folder and try again.`,
  exportCutOff: () => 'Tern was closed before the export was done, so nothing was exported.',
  offline: () =>
    'The offline lock is on, so nothing is downloaded. Turn it off in Settings under Network.',
  hereAlready: ({ name }) =>
    `The model “${name}” is here already: choose it in the list. To download it anew, remove it first.`,
  noDownload: () => 'This download is over or was given up. Choose the model again.',
  modelInUse: ({ name }) =>
    `“${name}” is in use right now. Wait until it is done, or stop it, then try again.`,
  downloadsRunning: () =>
    'A download is not done. Let it end, or give it up, before you choose another folder.',
  tooLittleMemory: ({ needed, free }) =>
    `This takes ${bytes(needed)} of memory for a moment, and only ${bytes(free)} are free. Close other programs and try again.`,
  keyring: ({ detail }) =>
    `The system’s keyring can’t be used (${detail}), so the token was not saved. Unlock or install one, or set the environment variable HF_TOKEN.`,
  badToken: () => 'This is not a token: it has spaces or other signs no token has. Copy it again.',
  networkSettings: ({ path, detail }) =>
    `How Tern may reach the network can’t be read from ${path} (${detail}). The offline lock is on until it is set anew in Settings under Network.`,
  badRepo: ({ name }) =>
    `“${name}” is not the name of a repository. Write it as owner/name, for instance microsoft/bitnet-b1.58-2B-4T.`,
  badEndpoint: ({ address }) =>
    `“${address}” can’t be used to download from. Write an address that begins with https:// (http:// only for this computer itself).`,
  badProxy: ({ address }) =>
    `“${address}” is not the address of a proxy. Write it as http://host:port or socks5://host:port.`,
  notOnHub: ({ host, what }) =>
    `${host} has no ${what}. Check the name; it may have been renamed or taken down.`,
  needsToken: ({ host, repo }) =>
    `${host} gives ${repo} only to people it knows. Open its page in a browser, agree to its terms, then enter a token of your account in Settings under Network.`,
  insecure: ({ address }) =>
    `The download was led to ${address}, which is not a safe address. Nothing was sent there. Try another mirror.`,
  redirectLoop: ({ host }) =>
    `${host} leads in a circle and never to the file. Try again later, or set another mirror.`,
  badListing: ({ detail }) =>
    `What the hub says of this repository can’t be used: ${detail}. Try again later, or set another mirror.`,
  nothingToFetch: ({ repo }) =>
    `${repo} holds no GGUF file and no config.json with safetensors files, so there is no model in it for Tern.`,
  severalFiles: ({ repo, files, first }) =>
    `${repo} holds several models: ${files}. To choose one, put it after a colon: “${repo}:${first}”.`,
  unsafeName: ({ name }) =>
    `The repository calls a file “${name}”, which is not a safe name on this computer. Nothing was downloaded.`,
  notAsRecorded: ({ file, detail }) =>
    `${file} is not the file it should be (${detail} differs), so it was not downloaded. The mirror may be wrong, or the file was replaced.`,
  wrongHash: ({ file }) =>
    `${file} arrived damaged twice, so it was thrown away. Something between the hub and this computer changes files: try another network, or another mirror.`,
  undelivered: ({ host, detail }) =>
    `${host} does not deliver the file: ${detail}. Try again later, or set another mirror or proxy.`,
  noSpace: ({ needed, free, folder }) =>
    `The model needs ${bytes(needed)} of disk space, and ${folder} has ${bytes(free)} left. Free some space, or choose another folder for models.`,
  modelsDiskFull: ({ path }) =>
    `The disk with ${path} is full. What was downloaded is kept: free some space and go on.`,
  modelsFolder: ({ path, detail }) =>
    `Tern could not read or write ${path}: ${detail}. Make sure that you can write to this folder, then try again.`,
  planted: ({ path }) =>
    `${path} is not a folder of Tern’s: a link stands in its place. Remove it, then try again.`,
  fetchedElsewhere: () =>
    'Another Tern is downloading this model already. Wait until it is done, or end it there.',
  modelFileGone: ({ file }) => `${file} of this model is gone. Download or import the model again.`,
  modelFileResized: ({ file }) =>
    `${file} of this model is of another size than it was. Download or import the model again.`,
  modelFileChanged: ({ file }) =>
    `${file} of this model is not what it was. Download or import the model again.`,
  noRecord: () =>
    'Tern has no record of what the files of this model should be. Import it again to make one.',

  foreignFile: ({ file, detail, advice }) =>
    `${file} is not a model Tern can open: ${detail}. ${advice}`,
  modelCutShort: ({ file, part, needed, found }) =>
    `${file} is cut short: with ${part} it would have at least ${count(needed)} bytes, but it has ${count(found)}. Download it again, or copy it again from where it came.`,
  modelDamaged: ({ file, detail, advice }) =>
    `${file} is damaged or not a model Tern understands: ${detail}. ${advice}`,
  modelIncomplete: ({ file, part, advice }) => `${file} has no ${part}. ${advice}`,
  modelUnsupported: ({ file, detail, advice }) =>
    `${file} uses ${detail}, which Tern does not support. ${advice}`,
  outOfMemory: ({ file, needed }) =>
    `${file} needs ${bytes(needed)} of memory, and the system has not that much. Close other programs, or choose a smaller model.`,
  noThreads: ({ threads, detail }) =>
    `The ${count(threads)} threads that run the model could not be started: ${detail}. Close other programs, or set fewer threads in Settings.`,
  stopped: () => 'It was stopped. Try again.',

  emptyMessage: () => 'The message is empty. Write something first.',
  tooLong: ({ tokens, limit }) =>
    `This message is ${count(tokens)} tokens long; the model reads at most ${count(limit)}. Send it in parts, or choose a model with a longer context.`,
  contextFull: ({ limit }) =>
    `The context is full: it holds ${count(limit)} tokens. Start a new chat to go on.`,
  templateToken: ({ token }) =>
    `The chat template of this model needs the token ${token}, which the model does not have. Choose another model.`,
  templateRefused: ({ detail }) =>
    `The chat template of this model cannot write this chat: ${detail}. Start a new chat, or choose another model.`,
  modelChanged: ({ file, detail }) =>
    `The model file ${file} can no longer be read: ${detail}. Put the file back and load the model again.`,
  busy: () => 'This chat is still writing an answer. Stop it first, or wait until it is done.',
  notAnAnswer: () => 'Only an answer can be written again.',
  notLast: () => 'Only a chat’s last answer can go on. Regenerate writes another version.',
  tooManyFiles: ({ files, bytes: size }) =>
    `A message takes at most ${count(files)} files with ${bytes(size)} of text together. Remove some of them.`,
  engineFailed: ({ detail }) =>
    `Tern’s engine failed while answering. What was written is kept; try again. If it fails again, please report it: ${detail}.`,

  setting: ({ setting, least, most }) =>
    `${SETTINGS[setting]} must be within ${decimal(least)} to ${decimal(most)}.`,
  presetTwice: ({ name }) => `There is a preset “${name}” already. Choose another name.`,
  threadNotStarted: ({ detail }) =>
    `Tern could not start a thread: ${detail}. Close other programs and start Tern again.`,
  defect: ({ detail }) =>
    `Something in Tern failed: ${detail}. Your chats are safe; start Tern again.`,

  fileUnreadable: ({ name, detail }) =>
    `${name} is not attached: it can’t be read (${detail}). Check that it is there and that you may open it.`,
  fileIsFolder: ({ name }) => `${name} is a folder. Attach the files in it one by one.`,
  fileTooLarge: ({ name, limit }) =>
    `${name} is not attached: the files of a message can have ${bytes(limit)} together.`,
  fileNotText: ({ name }) =>
    `${name} is not attached: it is not a text file. Tern reads text, source code, Markdown and PDF.`,
  fileIsModel: ({ name }) => `${name} is a model. Open it from the model menu at the top.`,
  pdfTooLarge: ({ name, limit }) =>
    `${name} is not attached: it is a PDF of more than ${bytes(limit)}. Attach a part of it.`,
  pdfTooSlow: ({ name }) =>
    `${name} is not attached: reading this PDF takes too long. Copy the text you need and paste it.`,
  pdfUnusual: ({ name }) =>
    `${name} is not attached: the PDF is damaged, encrypted or of an unusual kind. Copy the text you need and paste it.`,
  pdfOnlyPictures: ({ name }) =>
    `${name} is not attached: the PDF holds only pictures, and Tern can’t read text in them.`,

  notASeed: () =>
    'The seed must be a whole number from 0 to 18446744073709551615. Leave it empty for a new one each time.',
  notAWebLink: () => 'Tern opens web links only (http and https).',
  linkNotOpened: ({ detail }) =>
    `No browser could be opened for it: ${detail}. Copy the link and open it yourself.`,
  folderNotShown: ({ folder, detail }) =>
    `The folder ${folder} could not be opened in a file manager: ${detail}. Open it yourself.`,
  noMenuBar: ({ detail }) => `The menu bar can’t be shown: ${detail}.`,
  noTray: () =>
    'This desktop shows no tray icons. On Linux, install libayatana-appindicator3 and start Tern again.',
  noTrayIcon: ({ detail }) => `The tray icon can’t be shown: ${detail}.`,
  keysRefused: ({ keys, detail }) =>
    `The quick-ask keys ${keys} can’t be used: ${detail}. Choose others in Settings.`,

  unworded: ({ text }) => text,
};

/** What is worth knowing about a model, in English. */
export const warningsEn: WarningWords = {
  wrongTemplate: () =>
    'The chat template in the file is not the one BitNet was trained with. Tern uses the right one instead.',
  unusableTemplate: ({ detail }) =>
    `The chat template in the file cannot be used: ${detail}. Tern writes chats as it thinks best; answers may be worse than they should be.`,
  unknownChatFormat: () =>
    'Tern does not know the chat format of this model and writes chats in a plain one. Answers may be worse than they should be.',
  noSplittingRule: () =>
    'The file does not say by which rule it cuts text into words. The usual rule is used; answers may be worse than they should be.',
  unknownSplittingRule: ({ rule }) =>
    `The file cuts text into words by a rule named “${rule}”, which Tern does not know. Llama 3’s rule is used instead; answers may be worse than they should be.`,
  zeros: ({ first, more }) =>
    `All weights of ${first}${more === 0 ? '' : ` and ${count(more)} more`} are zero, so answers will be nonsense. Microsoft’s repositories held such a broken upload for a while. Good revisions are a1f2f1c765812aa8af3f6eda4a313707064bba15 of microsoft/bitnet-b1.58-2B-4T-gguf and 04c3b9ad9361b824064a1f25ea60a8be9599b127 of microsoft/bitnet-b1.58-2B-4T.`,
};
