// What becomes of members: their owner gives them another role and removes them, the operator takes it back, and they leave.

import assert from 'node:assert/strict';

import { look, onEveryEngine } from './harness.mjs';
import { anOrg, asAna, asNewPerson, invite } from './steps.mjs';

const MEMBERS = '/org/acme/members';

/** The row of a member. */
const row = (page, name) => page.getByRole('table', { name: 'Members' }).getByRole('row').filter({ hasText: name });

onEveryEngine('an owner changes a role and removes somebody by keyboard, and the operator lets them in again', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const org = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const invitation = await invite(portal, context, org, 'bo@acme.example');
  await asNewPerson(portal, org.invitation, 'Ola Berg', async (ola) => {
    await asNewPerson(portal, invitation, 'Bo Lind', async (bo) => {
      await bo.goto(portal.at('/org/acme/dashboard'));
      await bo.getByText('You are a member here.').waitFor();

      await ola.goto(portal.at(MEMBERS));
      await look(ola, 'members');
      await row(ola, 'Bo Lind').getByRole('link', { name: 'Change role of Bo Lind' }).focus();
      await ola.keyboard.press('Enter');
      await ola.getByRole('heading', { level: 1, name: 'Change the role of Bo Lind' }).waitFor();
      await look(ola, 'member-role');
      await ola.getByLabel('Role').focus();
      await ola.keyboard.type('admin');
      await ola.getByRole('button', { name: 'Change the role of Bo Lind' }).press('Enter');
      await ola.getByRole('status').getByText('made Bo Lind admin of').waitFor();
      await bo.goto(portal.at('/org/acme/dashboard'));
      await bo.getByText('You are an admin here.').waitFor();

      await bo.goto(portal.at(MEMBERS));
      assert.equal(await row(bo, 'Ola Berg').getByRole('link').count(), 0, 'an admin changes no owner');

      await row(ola, 'Bo Lind').getByRole('link', { name: 'Remove Bo Lind' }).click();
      await look(ola, 'member-removal');
      await ola.getByRole('button', { name: 'Remove Bo Lind' }).click();
      await ola.getByRole('status').getByText('removed Bo Lind from').waitFor();
      const gone = await bo.goto(portal.at('/org/acme/dashboard'));
      assert.equal(gone.status(), 404, 'from the next request on');

      await page.goto(portal.at(`${org.page}/history`));
      await page.getByText('removed Bo Lind from').first().waitFor();
      await page.goto(portal.at(`${org.page}/members`));
      await look(page, 'console-members');
      assert.equal(await row(page, 'Bo Lind').count(), 0);
      await page.goto(portal.at('/admin/history'));
      await page.getByRole('link', { name: /^#\d+$/ }).first().click();
      await page.getByRole('link', { name: /Revert/ }).click();
      await page.getByRole('button', { name: /Revert/ }).click();
      await page.getByText('Bo Lind').first().waitFor();
      await bo.goto(portal.at('/org/acme/dashboard'));
      await bo.getByText('You are an admin here.').waitFor();
    });
  });
});

onEveryEngine('the last owner is told why they stay, and a member leaves', async ({ portal, context }) => {
  await asAna(portal, context);
  const org = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  const invitation = await invite(portal, context, org, 'bo@acme.example');
  await asNewPerson(portal, org.invitation, 'Ola Berg', async (ola) => {
    await ola.goto(portal.at(MEMBERS));
    await ola.getByRole('link', { name: 'Leave …' }).click();
    await ola.getByRole('button', { name: 'Leave Acme' }).click();
    await ola.getByText('an organisation always has an owner').first().waitFor();
    await look(ola, 'departure-refused');
  });
  await asNewPerson(portal, invitation, 'Bo Lind', async (bo) => {
    await bo.goto(portal.at('/org/acme/departure'));
    await bo.getByRole('button', { name: 'Leave Acme' }).click();
    await bo.waitForURL((url) => !url.pathname.includes('departure'));
    const gone = await bo.goto(portal.at('/org/acme/dashboard'));
    assert.equal(gone.status(), 404);
  });
});
