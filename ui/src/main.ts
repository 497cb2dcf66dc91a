import { mount } from 'svelte';
import Root from './App.svelte';
import { chooseHost } from './lib/ipc/choose';
import { App } from './lib/state/app.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/markdown.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');

try {
  const app = new App(await chooseHost());
  // For tests of what nothing on the screen asks for by itself; a production build drops it.
  if (import.meta.env.MODE === 'fake') Object.assign(window, { ternApp: app });
  mount(Root, { target, props: { app } });
  void app.start();
} catch (thrown) {
  target.textContent = thrown instanceof Error ? thrown.message : String(thrown);
}
