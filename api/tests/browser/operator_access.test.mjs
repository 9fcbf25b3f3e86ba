// S11, as people meet it: the operator looked, and whoever owns the organisation sees who, at what, when and why.

import assert from 'node:assert/strict';

import { onEveryEngine } from './harness.mjs';
import { anOrg, asAna, asNewPerson, field, invite } from './steps.mjs';

const looks = (page) => page.getByRole('table', { name: 'Operator access' });

onEveryEngine('the owner sees what an operator looked at, and no look at anybody else', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const beta = await anOrg(portal, context, { name: 'Beta', slug: 'beta' });
  const member = await invite(portal, context, acme, 'per@acme.example', 'member');

  await page.goto(portal.at(acme.page));
  await page.getByRole('link', { name: 'Operator access' }).click();
  await field(page, 'Reason').fill('Ticket 4711: nobody can sign in');
  await page.getByRole('button', { name: 'Say why' }).click();
  await page.getByText('What you open here is recorded with').waitFor();
  await page.getByRole('link', { name: 'Members', exact: true }).click();
  await page.getByRole('heading', { name: 'Open invitations' }).waitFor();
  await page.goto(portal.at(`${beta.page}/history`));

  await asNewPerson(portal, acme.invitation, 'Ola Berg', async (page) => {
    await page.goto(portal.at('/org/acme/activity'));
    await page.getByRole('link', { name: 'Operator access' }).click();
    await page.getByRole('heading', { name: 'Activity' }).waitFor();
    const row = looks(page).getByRole('row').filter({ hasText: 'Members and invitations' });
    // Written down a quarter of a second after it was read.
    await assert.doesNotReject(async () => {
      for (let tries = 0; (await row.count()) === 0 && tries < 20; tries += 1) await page.reload();
      await row.waitFor({ timeout: 1000 });
    });
    assert.match(await row.innerText(), /Ana Lind[^]*Ticket 4711: nobody can sign in/);
    await looks(page).getByRole('row').filter({ hasText: 'Overview' }).first().waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /History|Beta|#\d/, 'of Acme, History was not opened');
  });
  await asNewPerson(portal, beta.invitation, 'Bo Ek', async (page) => {
    await page.goto(portal.at('/org/beta/activity?of=operators'));
    await looks(page).getByRole('row').filter({ hasText: 'History' }).waitFor();
    assert.doesNotMatch(await page.content(), /Members and invitations|Ticket 4711|Acme/);
  });
  await asNewPerson(portal, member, 'Per Holm', async (page) => {
    await page.goto(portal.at('/org/acme/activity?of=operators'));
    await page.getByText('What happened to this organisation').waitFor();
    assert.doesNotMatch(await page.content(), /Operator access|Ana Lind.*Members and/);
  });
  await page.goto(portal.at(`${acme.page}/access`));
  await looks(page).getByRole('row').filter({ hasText: 'Members and invitations' }).waitFor();
  await page.getByRole('button', { name: 'Take the reason back' }).click();
  await field(page, 'Reason').waitFor();
});
