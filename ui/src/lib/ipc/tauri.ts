/** The real program, through the generated bindings. */
import { commands, events } from './bindings';
import { t } from '../strings/language.svelte';
import { HostError, type AppEvent, type Host, type Problem } from './host';

type Answer = { status: 'ok'; data: unknown } | { status: 'error'; error: Problem };

/** The data of an answer as the UI's type (see `FromWire` in host.ts), or a throw. */
async function answer<T>(asked: Promise<Answer>): Promise<T> {
  const result = await asked;
  if (result.status === 'error') throw new HostError(result.error);
  return result.data as T;
}

export const tauriHost: Host = {
  startup: () => answer(commands.startup()),
  openConversation: (conversation, message) =>
    answer(commands.openConversation(conversation, message)),
  renameConversation: (conversation, title) =>
    answer(commands.renameConversation(conversation, title)),
  pinConversation: (conversation, pinned) => answer(commands.pinConversation(conversation, pinned)),
  archiveConversation: (conversation, archived) =>
    answer(commands.archiveConversation(conversation, archived)),
  duplicateConversation: (conversation, title) =>
    answer(commands.duplicateConversation(conversation, title)),
  deleteConversations: (conversations) => answer(commands.deleteConversations(conversations)),
  restoreConversations: (conversations) => answer(commands.restoreConversations(conversations)),
  setChatOptions: (conversation, options) => answer(commands.setChatOptions(conversation, options)),
  saveDraft: (conversation, draft) => answer(commands.saveDraft(conversation, draft)),
  search: (query) => answer(commands.search(query)),
  sendMessage: (conversation, question, temporary, options) =>
    answer(commands.sendMessage(conversation, question, temporary, options)),
  editQuestion: (message, question) => answer(commands.editQuestion(message, question)),
  retryAnswer: (message) => answer(commands.retryAnswer(message)),
  continueAnswer: (message) => answer(commands.continueAnswer(message)),
  stopGeneration: (conversation) => answer(commands.stopGeneration(conversation)),
  editAnswer: (message, text) => answer(commands.editAnswer(message, text)),
  deleteMessage: (message) => answer(commands.deleteMessage(message)),
  restoreMessage: (message) => answer(commands.restoreMessage(message)),
  showVersion: (message) => answer(commands.showVersion(message)),
  pinMessage: (message, pinned) => answer(commands.pinMessage(message, pinned)),
  branchOff: (message, title) => answer(commands.branchOff(message, title)),
  summariseConversation: (conversation, title, request) =>
    answer(commands.summariseConversation(conversation, title, request)),
  contextUse: (conversation, question, options) =>
    answer(commands.contextUse(conversation, question, options)),
  modelPrompt: (message) => answer(commands.modelPrompt(message)),
  attachFiles: () => answer(commands.attachFiles(t.attachments.add)),
  setSettings: (settings) => answer(commands.setSettings(settings)),
  selectModel: (model, conversation) => answer(commands.selectModel(model, conversation)),
  exportConversation: (conversation, format, words) =>
    answer(commands.exportConversation(conversation, format, words)),
  exportAll: (format, words) => answer(commands.exportAll(format, words)),
  storageUse: () => answer(commands.storageUse()),
  backUpNow: () => answer(commands.backUpNow()),
  openFolder: (folder) => answer(commands.openFolder(folder)),
  removeModel: (model) => answer(commands.removeModel(model)),
  unloadModel: () => answer(commands.unloadModel()),
  importModel: (kind, copy) =>
    answer(
      commands.importModel(
        kind,
        copy,
        kind === 'file' ? t.models.fileTitle : t.models.folderTitle,
        t.models.fileKind,
      ),
    ),
  importDropped: (path, copy) => answer(commands.importDropped(path, copy)),
  verifyModel: (model) => answer(commands.verifyModel(model)),
  stopModelWork: (model) => answer(commands.stopModelWork(model)),
  modelsView: () => answer(commands.modelsView()),
  chooseModelsFolder: (move) => answer(commands.chooseModelsFolder(move, t.models.homeTitle)),
  runBenchmark: () => answer(commands.runBenchmark()),
  tokenState: () => answer(commands.tokenState()),
  setToken: (token) => answer(commands.setToken(token)),
  startDownload: (wish) => answer(commands.startDownload(wish)),
  pauseDownload: (download) => answer(commands.pauseDownload(download)),
  resumeDownload: (download) => answer(commands.resumeDownload(download)),
  cancelDownload: (download) => answer(commands.cancelDownload(download)),
  openLink: (url) => answer(commands.openLink(url)),
  arrangeDesktop: (words) => answer(commands.arrangeDesktop(words)),
  connectionLog: () => answer(commands.connectionLog()),
  onEvent: (listener) => events.appEvent.listen((event) => listener(event.payload as AppEvent)),
};
