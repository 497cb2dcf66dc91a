/** Keys for the messages of a chat: walking from one to the next, and pressing their buttons. */
import { isBare } from './keys';
import type { App } from './state/app.svelte';

/**
 * Gives the focus to a message. Only then can it have any: a click into a text must not make
 * letters into commands.
 */
export function focusMessage(message: HTMLElement): void {
  message.tabIndex = -1;
  message.addEventListener('blur', () => message.removeAttribute('tabindex'), { once: true });
  message.focus({ preventScroll: true });
  message.scrollIntoView({ block: 'nearest' });
}

/** Moves the focus one message on; from elsewhere, to the one at the bottom of the view. */
export function walkMessages(step: 1 | -1): void {
  const messages = [...document.querySelectorAll<HTMLElement>('[data-message] article')];
  const at = messages.findIndex((message) => message.contains(document.activeElement));
  const next = at === -1 ? messages.findLast(isInView) : messages[at + step];
  if (next !== undefined) focusMessage(next);
}

function isInView(message: HTMLElement): boolean {
  return message.getBoundingClientRect().top < innerHeight;
}

/** The keys of a message that has the focus: they press the buttons that name them. */
export function handleMessageKey(event: KeyboardEvent, { chats, find, shell }: App): void {
  const { currentTarget: message, target } = event;
  if (!(message instanceof HTMLElement) || target !== message || !isBare(event)) return;
  if (event.key === 'Escape') {
    // What Escape ends elsewhere comes first.
    if (chats.current.answer !== null || find.open) return;
    shell.focusComposer();
  } else {
    const name = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const buttons = message.querySelectorAll<HTMLElement>('[aria-keyshortcuts]');
    const button = [...buttons].find(({ ariaKeyShortcuts }) => ariaKeyShortcuts === name);
    if (button === undefined) return;
    button.click();
  }
  event.preventDefault();
}
