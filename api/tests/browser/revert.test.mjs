// Undoing: a suspension by accident, of the operator's own organisation as well, and what can't be undone any more.

import assert from 'node:assert/strict';

import { look, onEveryEngine } from './harness.mjs';
import { ANA, anOrg, asAna, asNewPerson, command, join } from './steps.mjs';

/** Where an event stands whose sentence has these words, from the history. */
async function found(page, portal, words) {
  await page.goto(portal.at('/admin/history'));
  const item = page.getByRole('listitem').filter({ hasText: words }).first();
  return (await item.innerText()).match(/#([\d,]+)/)[1].replaceAll(',', '');
}

onEveryEngine('a suspension is undone from its notice, and the undoing from its page, by keyboard', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await asNewPerson(portal, acme.invitation, 'Ola Berg', async (ola) => {
    await page.goto(portal.at(`${acme.page}/suspension`));
    await page.getByLabel('Reason').fill('Unpaid since May, two reminders');
    await page.getByRole('button', { name: 'Suspend Acme' }).click();
    await page.getByRole('status').getByText('You suspended').waitFor();
    await look(page, 'revert-notice');
    await ola.goto(portal.at('/org/acme/dashboard'));
    await ola.getByText('Unpaid since May').waitFor();
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('You reinstated').waitFor();
    await ola.goto(portal.at('/org/acme/dashboard'));
    await ola.getByText('What changed lately').waitFor();
  });
  const undoing = await found(page, portal, 'reinstated Acme');
  await page.goto(portal.at(`/admin/history/${undoing}`));
  await page.getByText(/^This undoes #\d+\.$/).waitFor();
  await page.getByRole('link', { name: 'Revert' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('What will be recorded').waitFor();
  await look(page, 'revert-preview');
  await page.getByRole('button', { name: 'Revert it' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('You suspended').waitFor();
  await page.goto(portal.at(`/admin/history/${undoing}/revert`));
  await page.getByText('This is not reverted').waitFor();
  await page.getByText('was reverted by').waitFor();
  await look(page, 'revert-refused');
});

onEveryEngine("the operator's own organisation, suspended by accident, is back with a click", async ({ portal, page, context }) => {
  await asAna(portal, context);
  const own = await anOrg(portal, context, { name: 'Dreamineering', slug: 'dreamineering', owner: ANA.email });
  await join(portal, context, own.invitation);
  await command(portal, context, `${own.page}/protection`);
  await page.goto(portal.at(`${own.page}/suspension`));
  await page.getByLabel('Reason').fill('The wrong row was open');
  await page.getByLabel('Slug').fill('dreamineering');
  await page.getByRole('button', { name: 'Suspend Dreamineering' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('status').getByText('You reinstated').waitFor();
  await page.goto(portal.at('/org/dreamineering/dashboard'));
  await page.getByText('What changed lately').waitFor();
});

onEveryEngine('what somebody decided since is shown before it is overrun', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await command(portal, context, `${acme.page}/name`, { name: 'Apex' });
  const renaming = await found(page, portal, 'renamed the organisation to Apex');
  await page.goto(portal.at(`/admin/history/${renaming}/revert`));
  await page.getByRole('button', { name: 'Revert it' }).waitFor();
  await command(portal, context, `${acme.page}/protection`);
  await page.getByRole('button', { name: 'Revert it' }).click();
  await page.getByText('Somebody changed this while you were here.').waitFor();
  await look(page, 'revert-conflict');
  await page.getByRole('button', { name: 'Revert it' }).click();
  await page.getByRole('status').getByText('renamed the organisation to Acme').waitFor();
  const creation = await found(page, portal, 'created Acme');
  await page.goto(portal.at(`/admin/history/${creation}`));
  await page.getByText("Can't be undone: what was begun can't be made never to have been").waitFor();
  assert.equal(await page.getByRole('link', { name: 'Revert' }).count(), 0);
});
