// What becomes of members: their owner gives them another role and removes them, the operator takes it back, and they leave.

import assert from 'node:assert/strict';

import { look, onEveryEngine, withPage } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command, invite, join } from './steps.mjs';

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

const NAME = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3).slice(0, 100);
const ADDRESS = `${'x'.repeat(64)}@a-long-domain-name.example`;
const ROLE = 'warehousenightshiftlead-of-the-north';

onEveryEngine('a name, an address and a role without a gap push nothing out of a page', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const org = await anOrg(portal, context, { name: NAME, slug: 'acme' });
  const [long, plain] = [await invite(portal, context, org, ADDRESS), await invite(portal, context, org, 'bo@acme.example')];
  await asNewPerson(portal, org.invitation, 'Ola Berg', async (ola) => {
    await asNewPerson(portal, long, NAME, () => {});
    await asNewPerson(portal, plain, 'Bo Lind', () => {});
    await command(portal, ola.context(), '/org/acme/roles/new', { name: ROLE });
    await ola.goto(portal.at(MEMBERS));
    const change = await row(ola, ADDRESS).getByRole('link', { name: 'Change role' }).getAttribute('href');
    await command(portal, ola.context(), change, { role: ROLE });
    const id = change.split('/').at(-2);
    const inside = [MEMBERS, change, `/org/acme/members/${id}/removal`, '/org/acme/dashboard', '/org/acme/roles', '/org/acme/departure'];
    const console = ['/admin/orgs', '', '/name', '/suspension', '/members', `/members/${id}/role`, `/members/${id}/removal`, '/history'];
    for (const place of inside) await nothingOverflows(ola, portal.at(place));
    for (const place of console) await nothingOverflows(page, portal.at(place.startsWith('/admin') ? place : `${org.page}${place}`));
    await ola.goto(portal.at(MEMBERS));
    await look(ola, 'members-long');
    await page.goto(portal.at(`${org.page}/members`));
    await look(page, 'console-members-long');
    await page.goto(portal.at(`${org.page}/members/${id}/removal`));
    await look(page, 'console-member-removal-long');
  });
});

/** At any width a page is no wider than its window, and links, buttons and badges are inside their cells and tables. */
async function nothingOverflows(page, address) {
  await page.goto(address);
  for (const width of [375, 560, 800, 960, 1024, 1280, 1440]) {
    await page.setViewportSize({ width, height: 800 });
    const found = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      const said = scrollWidth > clientWidth ? [`${scrollWidth} px wide`] : [];
      for (const part of document.querySelectorAll('main :is(h1, a, button, select, .badge)')) {
        if (part.closest('.tabs')) continue; // they scroll in their own box
        if (!part.checkVisibility() || part.closest('thead')) continue;
        const { left, right } = part.getBoundingClientRect();
        const frames = ['tbody :is(th, td)', '.table', 'main'].map((frame) => part.closest(frame)?.getBoundingClientRect());
        const isOut = (frame) => frame && (left < frame.left - 1 || right > frame.right + 1);
        if (frames.some(isOut)) said.push(`${part.textContent} from ${left} to ${right}`);
      }
      return said;
    });
    assert.deepEqual(found, [], `${address} at ${width} px`);
  }
}

/** Waits until the list says how many there are. */
const counted = (page, count) => page.getByRole('navigation', { name: 'Pages' }).getByText(count, { exact: true }).waitFor();

onEveryEngine('of more members than a page has, all are reached, and the typing finds one', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const org = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await withPage(async (_, joining) => {
    for (let number = 100; number < 155; number += 1) {
      await join(portal, joining, await invite(portal, context, org, `p${number}@acme.example`), `Person ${number}`);
      await joining.clearCookies();
    }
  });
  await asNewPerson(portal, org.invitation, 'Ola Berg', async (ola) => {
    for (const [reader, place] of [[ola, MEMBERS], [page, `${org.page}/members`]]) {
      await reader.goto(portal.at(place));
      await counted(reader, '56 members');
      assert.equal(await row(reader, 'Person 154').count(), 0);
      await reader.getByRole('link', { name: 'Next' }).click();
      await row(reader, 'Person 154').getByRole('link', { name: 'Remove Person 154, p154@acme.example' }).waitFor();
      assert.equal(await row(reader, 'Person 100').count(), 0);
      await reader.getByRole('link', { name: 'Previous' }).click();
      await row(reader, 'Person 100').waitFor();
      await reader.getByRole('searchbox', { name: 'Name or e-mail' }).fill('P154@acme');
      await counted(reader, '1 of 56 members');
      await row(reader, 'Person 154').waitFor();
      assert.ok(reader.url().endsWith('?q=P154%40acme'), reader.url());
      await look(reader, 'members-found');
      await reader.getByRole('link', { name: 'Clear' }).click();
      await counted(reader, '56 members');
    }
  });
});
