// S21: what pages show is compared with the history, and folded again, while the portal serves.

import assert from 'node:assert/strict';

import { look, onEveryEngine } from './harness.mjs';
import { anOrg, asAna } from './steps.mjs';

const PLACE = '/admin/history/read-models';

onEveryEngine('a row that somebody changed is found, and folded again while others work', async ({ database, portal, page, context }) => {
  await asAna(portal, context);
  await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const shown = async () => {
    await page.goto(portal.at('/admin/orgs'));
    return page.getByRole('row', { name: /Acme/ }).getByRole('cell').nth(2).innerText();
  };
  assert.equal(await shown(), '0');
  await page.goto(portal.at('/admin/history'));
  await page.getByRole('link', { name: 'Read models' }).click();
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByText('events are as they were written, and the read models are what they say').waitFor();
  await look(page, 'read-models');

  await database.execute("update org_list set members = 99 where slug = 'acme'");
  assert.equal(await shown(), '99');
  await page.goto(portal.at(PLACE));
  await page.getByRole('button', { name: 'Verify' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Something is wrong').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'org_list' }).waitFor();
  await look(page, 'read-models-found');

  await page.getByRole('button', { name: 'Fold everything again' }).click();
  await page.getByText('Every read model was folded again, from the first event to').waitFor();
  assert.equal(await shown(), '0');
  await page.goto(portal.at(PLACE));
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByText('events are as they were written').waitFor();
});
