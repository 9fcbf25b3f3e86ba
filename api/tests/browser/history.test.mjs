// S17, as people meet it: who did this? Found, read, followed, kept.

import assert from 'node:assert/strict';

import { look, onEveryEngine } from './harness.mjs';
import { anOrg, asAna, command, field } from './steps.mjs';

const PLACE = '/admin/history';

const lines = (page) => page.locator('#results .timeline li');
const counted = (page, text) => page.locator('.pager .count').getByText(text, { exact: true });
const chips = (page) => page.getByRole('navigation', { name: 'Filters' });

/** Two organisations, and one of them suspended. */
async function aPast(portal, context) {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await anOrg(portal, context, { name: 'Beta', slug: 'beta' });
  await command(portal, context, `${acme.page}/suspension`, { reason: 'The invoice of March is unpaid' });
  return acme;
}

onEveryEngine('whoever asks who did this finds it, and what it changed', async ({ portal, page, context }) => {
  const acme = await aPast(portal, context);
  await page.goto(portal.at(PLACE));
  assert.equal(await lines(page).count(), 6);
  await look(page, 'history');

  await page.keyboard.press('/');
  await page.keyboard.type('march');
  await page.waitForURL(/[?&]q=march/);
  await counted(page, '1 event').waitFor();
  assert.match(await lines(page).innerText(), /Ana Lind suspended Acme: The invoice of March is unpaid/);
  await lines(page).getByRole('link', { name: '#6' }).click();

  await page.getByRole('heading', { name: 'Event #6' }).waitFor();
  const changed = page.getByRole('table', { name: 'What it changed' });
  assert.match(await changed.getByRole('row').filter({ hasText: 'situation' }).innerText(), /Active[^]*Suspended/);
  await page.getByText('Payload').click();
  await page.getByText('"OrgSuspended"').waitFor();
  await look(page, 'history-event');
  const place = async (name) => (await page.getByRole('link', { name }).boundingBox()).x;
  const where = await place('← Before, of all');
  await page.getByRole('link', { name: '← Before, of all' }).click();
  await page.getByRole('heading', { name: 'Event #5' }).waitFor();
  assert.equal(await place('← Before, of all'), where, 'the button stays where it is');
  await page.goto(portal.at(`${acme.page}/history`));
  await page.getByRole('link', { name: 'Open in History' }).click();
  await counted(page, '3 events').waitFor();
});

onEveryEngine('filters are taken away one by one, and what is wrong says so at its field', async ({ portal, page, context }) => {
  await aPast(portal, context);
  await page.goto(portal.at(`${PLACE}?kind=org&actor=ana&last=7`));
  await counted(page, '5 events').waitFor();
  await look(page, 'history-filtered');
  await chips(page).getByRole('link', { name: 'who: ana' }).click();
  await page.waitForURL((url) => !url.searchParams.has('actor'));
  assert.equal(new URL(page.url()).searchParams.get('kind'), 'org');

  await page.getByText('More filters').click();
  await field(page, 'Organisation').fill('nowhere');
  await field(page, 'Organisation').press('Enter');
  await page.locator('#error-org').getByText('no organisation has this in its name').waitFor();
  assert.equal(await field(page, 'Organisation').inputValue(), 'nowhere');
  await look(page, 'history-wrong');
  await field(page, 'Organisation').fill('beta');
  await field(page, 'Organisation').press('Enter');
  await counted(page, '2 events').waitFor();
});

onEveryEngine('what is new is offered, a search is kept, and a file leaves', async ({ portal, page, context }) => {
  const acme = await aPast(portal, context);
  await page.goto(portal.at(`${PLACE}?org=acme`));
  await page.getByRole('link', { name: 'Look for newer events' }).waitFor();
  await command(portal, context, `${acme.page}/reinstatement`);
  await page.getByRole('link', { name: '1 new event', exact: true }).click();
  await counted(page, '4 events').waitFor();

  await field(page, 'Save this search as').fill('About Acme');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('link', { name: 'About Acme' }).waitFor();
  await look(page, 'history-saved');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
  assert.match(file.suggestedFilename(), /^history-\d+\.csv$/);
  await page.getByRole('button', { name: 'Remove About Acme' }).click();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'About Acme' }).count(), 0);

  await page.getByRole('link', { name: 'What was exported' }).click();
  await page.getByRole('link', { name: 'organisation: acme' }).waitFor();
  await look(page, 'history-exports');
  assert.equal(await portal.stop(), 0);
});

onEveryEngine('what was refused stands apart', async ({ portal, page, context }) => {
  const acme = await aPast(portal, context);
  await context.request.post(portal.at(`${acme.page}/name`), { form: { command_id: crypto.randomUUID(), name: 'Apex' } });
  await page.goto(portal.at(PLACE));
  await page.getByRole('link', { name: 'What was refused' }).click();
  await page.getByRole('cell', { name: /suspended/ }).waitFor();
  await look(page, 'history-refused');
});
