// Two people at one thing: nobody's work is lost, and nothing is done twice.

import assert from 'node:assert/strict';

import { onEveryEngine, withPage } from './harness.mjs';
import { anOrg, asAna, fillIn, PASSWORD, signIn } from './steps.mjs';

/** A second superadmin, from the server's shell, who has chosen a password. Gives the portal that runs afterwards. */
async function withBo({ portal, database }, body) {
  await portal.stop();
  const said = await database.run('grant', 'bo@portal.example', '--reason', 'On call for the first line');
  const next = await portal.again();
  await withPage(async (page, context) => {
    await page.goto(next.at(said.match(/\/password\/[0-9a-f]+/)[0]));
    await fillIn(page, { Password: PASSWORD }, 'Set password and sign in');
    await page.waitForURL('**/admin/orgs');
    await body(next, page, context);
  });
}

onEveryEngine('two operators edit: the second sees what the first did, loses nothing, and may still send it', async (story) => {
  const { portal: first, page: ana, context } = story;
  await asAna(first, context);
  const acme = await anOrg(first, context, { name: 'Acme', slug: 'acme' });
  await withBo(story, async (portal, bo) => {
    await Promise.all([ana, bo].map((page) => page.goto(portal.at(`${acme.page}/name`))));
    await fillIn(ana, { Name: 'Apex' }, 'Rename Acme');
    await ana.getByRole('status').getByText('You renamed').waitFor();

    await fillIn(bo, { Name: 'Acme International' }, 'Rename Acme');
    await bo.getByText('Somebody changed this organisation while you were here.').waitFor();
    await bo.getByText(/Ana Lind renamed .*Apex/).waitFor();
    assert.equal(await bo.getByLabel('Name', { exact: true }).inputValue(), 'Acme International');
    await ana.reload();
    assert.match(await ana.locator('h1').innerText(), /^Apex/, 'nothing was done yet');

    await bo.getByRole('button', { name: /^Rename/ }).click();
    await bo.getByRole('status').getByText('You renamed').waitFor();
    assert.match(await bo.locator('h1').innerText(), /^Acme International/);
  });
});

onEveryEngine('a form that is sent a second time does nothing a second time', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await page.goto(portal.at(`${acme.page}/name`));
  const form = await page.locator('form.form').evaluate((form) => Object.fromEntries(new FormData(form)));
  form.name = 'Apex';
  const post = () => context.request.post(portal.at(`${acme.page}/name`), { form, maxRedirects: 0 });
  const answers = await Promise.all([post(), post(), post()]);
  assert.deepEqual(new Set(answers.map((answer) => answer.status())), new Set([303]));
  await page.goto(portal.at(`${acme.page}/history`));
  await page.getByText('3 events in all').waitFor();
  form.name = 'Something else under the same id';
  assert.equal((await post()).status(), 409);
});

onEveryEngine('a page from the history of the browser sends the same command again, harmlessly', async ({ portal, page, context }) => {
  await asAna(portal, context);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await page.goto(portal.at(`${acme.page}/suspension`));
  await fillIn(page, { Reason: 'Three invoices are unpaid.' }, 'Suspend Acme');
  await page.getByRole('status').getByText('You suspended Acme').waitFor();
  await page.goBack();
  const button = page.getByRole('button', { name: 'Suspend Acme' });
  assert.ok(await button.isEnabled(), 'the button works again');
  await fillIn(page, { Reason: 'Three invoices are unpaid.' }, 'Suspend Acme');
  await page.locator('main').waitFor();
  await page.goto(portal.at(`${acme.page}/history`));
  await page.getByText('3 events in all').waitFor();
});

onEveryEngine('whoever was signed out while a form was open signs in first, and nothing is done', async (story) => {
  const { portal: first, context } = story;
  await asAna(first, context);
  const acme = await anOrg(first, context, { name: 'Acme', slug: 'acme' });
  await withBo(story, async (portal, bo, his) => {
    await bo.goto(portal.at(`${acme.page}/name`));
    await his.clearCookies();
    await fillIn(bo, { Name: 'Apex' }, 'Rename Acme');
    assert.match(bo.url(), /\/login/);
    await signIn(portal, his, 'bo@portal.example');
    await bo.goto(portal.at(acme.page));
    assert.match(await bo.locator('h1').innerText(), /^Acme/);
  });
});
