// S2: which organisation?

import assert from 'node:assert/strict';

import { onEveryEngine, withPage } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command, fillIn, invite, join, PASSWORD, send } from './steps.mjs';

const MIA = 'mia@people.example';

/** Mia belongs to Acme, Beta and Gamma, where Gamma is suspended; Delta is none of hers. */
async function miaInThree({ portal, context }, body) {
  await asAna(portal, context);
  const orgs = {};
  for (const name of ['Acme', 'Beta', 'Gamma', 'Delta']) {
    orgs[name] = await anOrg(portal, context, { name, slug: name.toLowerCase() });
  }
  const invitations = [];
  for (const name of ['Acme', 'Beta', 'Gamma']) {
    invitations.push(await invite(portal, context, orgs[name], MIA, 'admin'));
  }
  const [first, ...others] = invitations;
  await asNewPerson(portal, first, 'Mia Berg', async (page, hers) => {
    for (const invitation of others) await join(portal, hers, invitation);
    await command(portal, context, `${orgs.Gamma.page}/suspension`, { reason: 'Three invoices are unpaid.' });
    await body(page, hers, orgs);
  });
}

onEveryEngine('somebody in several organisations chooses one, and sees only their own', async (story) => {
  await miaInThree(story, async (page, hers) => {
    await send(story.portal, hers, '/logout');
    await page.goto(story.portal.at('/'));
    await fillIn(page, { 'E-mail address': MIA, Password: PASSWORD }, 'Sign in');
    await page.waitForURL('**/organisations/select');
    const names = await page.locator('.choice-name').allTextContents();
    assert.deepEqual(names.map((name) => name.split(' ')[0]), ['Acme', 'Beta', 'Gamma']);
    assert.doesNotMatch(await page.content(), /delta|Operator/i, 'nothing of what is not hers');
    const gamma = page.locator('.choice', { hasText: 'Gamma' });
    assert.match(await gamma.innerText(), /suspended[\s\S]*Three invoices are unpaid\./i);
    assert.equal(await gamma.getAttribute('aria-disabled'), 'true');
    await page.getByRole('searchbox').pressSequentially('bet');
    await page.locator('.choice', { hasText: 'Acme' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: /Beta/ }).click();
    await page.waitForURL('**/org/beta/dashboard');
    await page.goto(story.portal.at('/organisations/select'));
    const recent = await page.locator('.choice-name').allTextContents();
    assert.deepEqual(recent.map((name) => name.split(' ')[0]), ['Beta', 'Acme', 'Gamma'], 'the last opened first');
    assert.match(await page.locator('.choice', { hasText: 'Beta' }).innerText(), /opened (now|just now|this minute|\d+ sec)/i);
  });
});

onEveryEngine('the default organisation opens without asking, until it is suspended', async (story) => {
  await miaInThree(story, async (page, hers, orgs) => {
    const { portal, context } = story;
    await page.goto(portal.at('/organisations/select'));
    await page.getByRole('button', { name: /Open by default.*Beta/ }).click();
    await page.locator('li', { hasText: 'Beta' }).getByText('default', { exact: true }).waitFor();
    await page.goto(portal.at('/'));
    assert.equal(page.url(), portal.at('/org/beta/dashboard'));
    await page.goto(portal.at('/org/acme/dashboard'));
    assert.equal(page.url(), portal.at('/org/acme/dashboard'), 'the address comes first');
    await command(portal, context, `${orgs.Beta.page}/suspension`, { reason: 'A test of defaults.' });
    await page.goto(portal.at('/'));
    assert.equal(page.url(), portal.at('/organisations/select'));
  });
});

onEveryEngine('the switcher changes the organisation in one click, and two tabs stand in two', async (story) => {
  await miaInThree(story, async (page, hers) => {
    const { portal } = story;
    await page.goto(portal.at('/org/acme/dashboard'));
    await page.locator('.switcher summary').click();
    const items = page.locator('.switcher .menu-panel');
    assert.doesNotMatch(await items.innerText(), /Gamma|Delta/);
    await items.getByRole('link', { name: 'Beta' }).click();
    await page.waitForURL('**/org/beta/dashboard');
    const other = await hers.newPage();
    await other.goto(portal.at('/org/acme/dashboard'));
    await page.reload();
    assert.match(await page.locator('h1').innerText(), /^Beta/);
    assert.match(await other.locator('h1').innerText(), /^Acme/);
  });
});

onEveryEngine('somebody in one organisation never sees the picker, not for a flash', async ({ portal, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await asNewPerson(portal, acme.invitation, 'Ola', async (page, his) => {
    await send(portal, his, '/logout');
    const seen = [];
    page.on('framenavigated', (frame) => seen.push(new URL(frame.url()).pathname));
    page.on('request', (request) => request.isNavigationRequest() && seen.push(new URL(request.url()).pathname));
    await page.goto(portal.at('/'));
    await fillIn(page, { 'E-mail address': acme.owner, Password: PASSWORD }, 'Sign in');
    await page.waitForURL('**/org/acme/dashboard');
    assert.ok(!seen.includes('/organisations/select'), seen.join(' '));
    await page.goto(portal.at('/organisations/select'));
    assert.equal(page.url(), portal.at('/org/acme/dashboard'), 'not even when asked for');
  });
});

onEveryEngine('somebody without an organisation is told what to do', async ({ portal, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await asNewPerson(portal, acme.invitation, 'Ola', async (page, his) => {
    await command(portal, context, `${acme.page}/archive`, { reason: 'The contract has ended.' });
    await page.goto(portal.at('/'));
    assert.equal(page.url(), portal.at('/organisations/select'));
    assert.match(await page.locator('main').innerText(), /don't belong to an organisation[\s\S]*owner@acme\.example/);
  });
});

onEveryEngine('for an operator the console stands apart from their own organisations', async ({ portal, page, context }) => {
  await asAna(portal, context);
  await page.goto(portal.at('/'));
  assert.equal(page.url(), portal.at('/admin/orgs'), 'who belongs to none works in the console');
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme', owner: 'ana@portal.example' });
  await join(portal, context, acme.invitation);
  await page.goto(portal.at('/organisations/select'));
  await page.getByRole('main').getByRole('link', { name: /Operator console/ }).click();
  await page.waitForURL('**/admin/orgs');
});
