/** The palette as a person uses it. */
import type { Locator, Page } from '@playwright/test';
import { expect } from './app';

export const input = (page: Page): Locator => page.getByRole('combobox');
export const options = (page: Page): Locator => page.getByRole('option');
/** The row that Enter runs, as a screen reader is told. */
export const chosen = (page: Page): Locator => page.getByRole('option', { selected: true });

export async function search(page: Page, query: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await input(page).fill(query);
}

export async function run(page: Page, query: string, label: string): Promise<void> {
  await search(page, query);
  await expect(chosen(page)).toContainText(label);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('palette')).toHaveCount(0);
}
