/** The real program, through the generated bindings. */
import { commands, events } from './bindings';
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
  openConversation: (conversation) => answer(commands.openConversation(conversation)),
  sendMessage: (conversation, text) => answer(commands.sendMessage(conversation, text)),
  retryAnswer: (message) => answer(commands.retryAnswer(message)),
  stopGeneration: (conversation) => answer(commands.stopGeneration(conversation)),
  renameConversation: (conversation, title) =>
    answer(commands.renameConversation(conversation, title)),
  deleteConversation: (conversation) => answer(commands.deleteConversation(conversation)),
  restoreConversation: (conversation) => answer(commands.restoreConversation(conversation)),
  setSettings: (settings) => answer(commands.setSettings(settings)),
  selectModel: (model, conversation) => answer(commands.selectModel(model, conversation)),
  openModelFile: () => answer(commands.openModelFile()),
  openModelFolder: () => answer(commands.openModelFolder()),
  forgetModel: (model) => answer(commands.forgetModel(model)),
  openLink: (url) => answer(commands.openLink(url)),
  onEvent: (listener) => events.appEvent.listen((event) => listener(event.payload as AppEvent)),
};
