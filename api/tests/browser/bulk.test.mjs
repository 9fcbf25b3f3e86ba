// Many organisations at once: ticked in the list, rehearsed, suspended, and brought back together; by mouse, by keyboard, and
// without the script.

import assert from 'node:assert/strict';

import { look, onEveryEngine, until, withPage } from './harness.mjs';
import { anOrg, asAna, asNewPerson, command } from './steps.mjs';

const REASON = 'Three invoices are unpaid since May.';

/** Acme, Bolt, Cube, and Dreamineering, which is protected. */
async function four({ portal, context }) {
  await asAna(portal, context);
  const orgs = {};
  for (const name of ['Acme', 'Bolt', 'Cube', 'Dreamineering']) orgs[name] = await anOrg(portal, context, { name, slug: name.toLowerCase() });
  await command(portal, context, `${orgs.Dreamineering.page}/protection`);
  return orgs;
}

const ticked = (page) => page.locator('tbody input:checked').evaluateAll((boxes) => boxes.map((box) => box.getAttribute('aria-label')));

/** The rows of the table on the page, each as the texts of its cells. */
const rows = (page) => page.locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));

onEveryEngine('what was ticked is suspended with one reason, and one click brings it back', async (story) => {
  const { portal, page, context } = story;
  const orgs = await four(story);
  await asNewPerson(portal, orgs.Acme.invitation, 'Ola Berg', async (ola) => {
    await page.goto(portal.at('/admin/orgs'));
    await page.getByLabel('Select all on this page').check();
    assert.equal((await ticked(page)).length, 4);
    await page.getByText('4 selected').waitFor();
    await page.getByLabel('Select Cube').uncheck();
    await page.getByText('3 selected').waitFor();
    assert.equal(await page.getByLabel('Select all on this page').isChecked(), false);
    await look(page, 'bulk-list');
    await page.getByRole('button', { name: 'Suspend selected' }).click();

    await page.getByRole('heading', { level: 1, name: 'Suspend 2 organisations' }).waitFor();
    assert.deepEqual(await rows(page), [
      ['Acme', 'Active', '1', '1', 'It is suspended'],
      ['Bolt', 'Active', '0', '0', 'It is suspended'],
      ['Dreamineering Protected', 'Active', '0', '0', 'Nothing: it is protected; suspend it by itself, with its slug typed'],
    ]);
    await look(page, 'bulk-preview');
    await page.getByLabel('Reason').fill('too short');
    await page.getByRole('button', { name: 'Suspend 2 organisations' }).click();
    await page.getByRole('alert').getByText('10 to 500 characters').waitFor();
    assert.equal((await rows(page)).length, 3, 'nothing was lost');
    await page.getByLabel('Reason').fill(REASON);
    await command(portal, context, `${orgs.Bolt.page}/name`, { name: 'Bolted' });
    await page.getByRole('button', { name: 'Suspend 2 organisations' }).click();

    const said = page.getByRole('status');
    await said.getByText('You suspended 1 organisation. 1 was refused: Bolted (this was changed in the meantime).').waitFor();
    await page.getByRole('table', { name: 'What was refused' }).getByText('Bolted').waitFor();
    await look(page, 'bulk-refused');
    assert.equal((await ola.goto(portal.at('/org/acme/dashboard'))).status(), 403);
    await ola.getByText(REASON).waitFor();

    await said.getByRole('button', { name: 'Undo' }).click();
    await said.getByText('You reinstated 1 organisation.').waitFor();
    assert.equal((await ola.goto(portal.at('/org/acme/dashboard'))).status(), 200);
  });
});

onEveryEngine('the same by keyboard, and its revert, and the revert of that', async (story) => {
  const { portal, page } = story;
  await four(story);
  const { keyboard } = page;
  await page.goto(portal.at('/admin/orgs'));
  for (const key of ['j', 'x', 'j', 'x', 'j', 'x', 'x']) await keyboard.press(key);
  assert.deepEqual(await ticked(page), ['Select Acme', 'Select Bolt']);
  await page.getByText('2 selected').waitFor();
  const tabTo = async (name) => {
    for (let steps = 0; (await page.evaluate(() => document.activeElement.textContent.trim())) !== name; steps += 1) {
      assert.ok(steps < 40, `${name} is reached by Tab`);
      await keyboard.press('Tab');
    }
  };
  await tabTo('Suspend selected');
  await keyboard.press('Enter');
  await page.getByLabel('Reason').focus();
  await keyboard.type(REASON);
  await tabTo('Suspend 2 organisations');
  await keyboard.press('Enter');
  await page.getByRole('status').getByText('You suspended 2 organisations.').waitFor();
  await look(page, 'bulk-done');

  await page.goto(portal.at('/admin/history'));
  await look(page, 'bulk-history');
  await page.getByRole('link', { name: 'one of 2 done together' }).first().focus();
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Suspended 2 organisations' }).waitFor();
  await tabTo('Revert all of it');
  await keyboard.press('Enter');
  await page.getByText('2 of 2 can be brought back as they were.').waitFor();
  await look(page, 'bulk-revert');
  await tabTo('Revert 2 organisations');
  await keyboard.press('Enter');
  await page.getByRole('status').getByText('You reinstated 2 organisations.').waitFor();
  await tabTo('Revert all of it');
  await keyboard.press('Enter');
  await page.getByText('2 of 2 can be brought back as they were.').waitFor();
  await tabTo('Revert 2 organisations');
  await keyboard.press('Enter');
  await page.getByRole('status').getByText('You suspended 2 organisations.').waitFor();
  await page.goto(portal.at('/admin/orgs?status=suspended'));
  assert.deepEqual(await page.locator('tbody th a').allTextContents(), ['Acme', 'Bolt']);

  await page.goto(portal.at('/admin/history'));
  const first = page.getByRole('link', { name: 'one of 2 done together' });
  await page.goto(portal.at(`${await first.last().getAttribute('href')}/revert`));
  await page.getByText('0 of 2 can be brought back as they were.').waitFor();
  await page.getByText('it was reverted by').first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^Revert/ }).count(), 0);
  await look(page, 'bulk-revert-refused');
});

onEveryEngine('the boxes and the buttons work without the script', async (story) => {
  const { portal, context } = story;
  const orgs = await four(story);
  await command(portal, context, `${orgs.Cube.page}/suspension`, { reason: REASON });
  const state = await context.storageState();
  await withPage(async (page) => {
    await page.goto(portal.at('/admin/orgs'));
    assert.equal(await page.getByLabel('Select all on this page').isVisible(), false, 'it would do nothing');
    for (const name of ['Bolt', 'Cube']) await page.getByLabel(`Select ${name}`).check();
    await page.getByRole('button', { name: 'Reinstate selected' }).click();
    assert.deepEqual((await rows(page)).map((row) => row.at(-1)), ['Nothing: it is not suspended', 'It is reinstated']);
    await page.getByRole('button', { name: 'Reinstate 1 organisation' }).click();
    await page.getByRole('status').getByText('You reinstated 1 organisation.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('status').getByText('You suspended 1 organisation.').waitFor();
    await page.goto(portal.at('/admin/orgs'));
    await page.getByRole('button', { name: 'Suspend selected' }).click();
    await page.getByText('No organisation is selected.').waitFor();
  }, { javaScriptEnabled: false, storageState: state });
});

onEveryEngine('the list has no boxes as of a moment, and those of a page that is filtered anew are counted anew', async (story) => {
  const { portal, page } = story;
  await four(story);
  await page.goto(portal.at('/admin/orgs?at=2'));
  await page.locator('tbody th').first().waitFor();
  assert.equal(await page.locator('tbody input').count(), 0);
  await page.goto(portal.at('/admin/orgs'));
  await page.getByLabel('Select Acme').check();
  await page.getByText('1 selected').waitFor();
  await page.getByRole('searchbox', { name: /Name, slug, id/ }).fill('bol');
  await until('only Bolt is left', 5_000, async () => (await page.locator('tbody th a').allTextContents()).join() === 'Bolt');
  assert.deepEqual(await ticked(page), []);
  await page.keyboard.press('Enter');
  await until('it has the focus', 2_000, () => page.evaluate(() => document.activeElement.textContent === 'Bolt'));
  await page.keyboard.press('x');
  await page.getByText('1 selected').waitFor();
  assert.deepEqual(await ticked(page), ['Select Bolt']);
});
