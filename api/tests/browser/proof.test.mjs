// S20 and S21, as an operator, an auditor and whoever moves a portal meet them: what was sealed is seen, taken along,
// and proven by the real program, which finds whatever was done to it since.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { BINARY, Portal, engines, freshDatabase, look, onEveryEngine, program, until, withPage } from './harness.mjs';
import { ANA, PASSWORD, anOrg, asAna, command, send, signIn } from './steps.mjs';

const PLACE = '/admin/history/proof';
// A start seals what there is; what comes then is to be seen unsealed.
const env = { PORTAL_SEAL_KEY: 'seal.key', PORTAL_SEAL_LOG: 'checkpoints.txt', PORTAL_SEAL_SECONDS: '3600' };
const VERIFY_PY = new URL('../../../docs/verify.py', import.meta.url);

const fact = (page, label) => page.locator('.facts-row > div').filter({ hasText: label }).locator('dd').first();

/** The page, as soon as it says that so many are sealed. */
async function sealed(portal, page, number) {
  await until(`${number} events were sealed`, 10_000, async () => {
    await page.goto(portal.at(PLACE));
    return (await fact(page, /^Sealed/).innerText()).startsWith(`${number} event`);
  });
}

/** A portal with a key, on the database of one without: somebody says that they trust what is there. */
async function withKey(portal, database) {
  await portal.stop();
  const key = await database.run('keys', 'seal.key', '--origin', 'portal.example.com/log');
  await beginToSeal(database);
  return { portal: await portal.again({ env }), key };
}

/** The first checkpoint of a log that is there already: the order names what `portal seal` says is there. */
async function beginToSeal(database) {
  const refused = await database.tries(['seal'], env);
  assert.equal(refused.code, 1, refused.out);
  const [, named] = refused.err.match(/portal seal --trust (\S+)/);
  const begun = await database.tries(['seal', '--trust', named], env);
  assert.equal(begun.code, 0, begun.err);
}

/** Saves what a link leads to under the name that it comes with. */
async function take(page, link, desk) {
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  await file.saveAs(path.join(desk, file.suggestedFilename()));
  return file.suggestedFilename();
}

/** Runs, among the files that were taken along, a command that the page shows: no database, no settings. */
async function typed(page, begin, desk) {
  const line = await page.locator('.shell code').filter({ hasText: begin }).innerText();
  const [first, ...args] = line.replace(/\\\n/g, ' ').trim().split(/\s+/);
  if (first === 'portal') return program(args, desk);
  const ended = promisify(execFile)(first, args, { cwd: desk });
  const { code = 0, stdout: out, stderr: err } = await ended.catch((error) => error);
  return { code, out, err };
}

/** Somebody who owns the database changes one letter of each of these events. */
function oneLetter(database, positions) {
  const edit = (payload, json) =>
    `update events set payload = replace(${payload}, 'Acme', 'Acne')${json} where position in (${positions})`;
  return database.execute(
    database.engine === 'sqlite'
      ? `drop trigger events_no_update; ${edit('payload', '')}`
      : `alter table events disable trigger all; ${edit('payload::text', '::json')}`,
  );
}

onEveryEngine('an auditor takes along what proves the history, and finds who changed a letter', async ({ database, portal: first, page, context }) => {
  await asAna(first, context);
  await page.goto(first.at('/admin/history'));
  await page.getByRole('link', { name: 'Proof', exact: true }).click();
  await page.getByText('No signing key is configured').waitFor();
  await look(page, 'proof-off');

  const { portal: second, key } = await withKey(first, database);
  await sealed(second, page, 1);
  const acme = await anOrg(second, context, { name: 'Acme', slug: 'acme' });
  await command(second, context, `${acme.page}/suspension`, { reason: 'The invoice of March is unpaid' });
  await second.stop();
  const portal = await second.again(); // a start seals what there is
  await sealed(portal, page, 4);
  await anOrg(portal, context, { name: 'Acme Labs', slug: 'acme-labs' });
  await page.goto(portal.at(PLACE));
  assert.equal(await fact(page, 'Not sealed yet').innerText(), '2 events');
  assert.ok((await page.locator('main').innerText()).includes(key.trim()), 'the key stands there');
  await look(page, 'proof');

  const open = page.locator('.tabs [aria-current]');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await until('the open tab is in sight', 5_000, async () => {
    const { x, width } = await open.boundingBox();
    return x >= 0 && x + width <= 390;
  });
  await page.setViewportSize({ width: 1280, height: 800 });

  const desk = path.join(database.folder, 'desk');
  await mkdir(desk);
  await copyFile(VERIFY_PY, path.join(desk, 'verify.py'));
  for (const [link, name] of [['all events', 'history-6.ndjson'], ['all checkpoints', 'checkpoints.txt'], ['the public key', 'seal.pub']]) {
    assert.equal(await take(page, page.getByRole('link', { name: link, exact: true }), desk), name);
  }
  assert.equal(await take(page, page.getByRole('link', { name: 'Download the checkpoint of 4 events' }), desk), 'checkpoint-4.txt');
  assert.equal(await readFile(path.join(desk, 'seal.pub'), 'utf8'), key);
  const proven = await typed(page, '--from', desk);
  assert.equal(proven.code, 0, proven.out + proven.err);
  assert.match(proven.out, /6 events, each as it was written[^]*The first 4 are those that portal\.example\.com\/log signed\.\nThe 2 behind/);
  assert.equal((await typed(page, 'verify.py', desk)).code, 0);
  const whole = await typed(page, '--export', desk);
  assert.match(whole.out, /portal\.example\.com\/log signed that these are all events up to #6\./);

  await page.goto(portal.at('/admin/history/4'));
  assert.equal(await take(page, page.getByRole('link', { name: 'evidence', exact: true }), desk), 'evidence-4.json');
  await page.goto(portal.at(PLACE));
  const evidence = await typed(page, '--evidence', desk);
  assert.match(evidence.out, /✓ #4 is one of the 4 events that portal\.example\.com\/log signed/);
  await page.getByRole('link', { name: 'What was exported' }).click();
  await page.getByRole('row').filter({ hasText: 'the checkpoints' }).waitFor();

  await portal.stop();
  await oneLetter(database, [2, 5]);
  const found = await database.tries(['verify'], env);
  assert.equal(found.code, 1);
  for (const position of [2, 5]) {
    assert.match(found.out, new RegExp(`✗ #${position}: was changed: its hash is not the hash of what stands there`));
  }
  const again = await portal.again();
  await page.goto(again.at('/admin/history/2'));
  await page.getByText('Somebody changed it after it was written').waitFor();
  await until('it was refused to seal', 10_000, async () => {
    await page.goto(again.at(PLACE));
    return page.getByText('Nothing is signed now').isVisible();
  });
  await page.getByText(/#[25] was changed/).first().waitFor(); // whichever somebody came across first
  await look(page, 'proof-refused');
  await take(page, page.getByRole('link', { name: 'all events', exact: true }), desk);
  for (const with_ of ['--from', '--export']) {
    const refused = await typed(page, with_, desk);
    assert.equal(refused.code, 1);
    assert.match(refused.out, /#2:? was changed[^]*#5:? was changed/);
  }
});

onEveryEngine('a part of the history proves that it is whole', async ({ database, portal: first, page, context }) => {
  await asAna(first, context);
  const { portal } = await withKey(first, database);
  const acme = await anOrg(portal, context, { name: 'Acme', slug: 'acme' });
  await anOrg(portal, context, { name: 'Beta', slug: 'beta' });
  await command(portal, context, `${acme.page}/suspension`, { reason: 'The invoice of March is unpaid' });
  const desk = database.folder;
  await page.goto(portal.at('/admin/history?org=acme'));
  const name = await take(page, page.getByRole('link', { name: 'NDJSON' }), desk);
  await page.goto(portal.at(PLACE));
  await take(page, page.getByRole('link', { name: 'the public key', exact: true }), desk);
  const verify = () => program(['verify', '--export', name, '--key', 'seal.pub'], desk);
  const proven = await verify();
  assert.equal(proven.code, 0, proven.out);
  assert.match(proven.out, /3 events, each as it was written[^]*all events up to #6 for which the question was: org is "acme"\./);

  const file = await readFile(path.join(desk, name), 'utf8');
  const lines = file.split('\n');
  for (const [changed, told] of [
    [file.replace('March', 'Merch'), /#6 was changed/],
    [lines.toSpliced(1, 1).join('\n'), /2 events stand here, and the manifest is of 3/],
    [file.slice(0, -100), /was cut off behind #6/],
    [lines.toSpliced(-2, 1).join('\n'), /it is not signed/],
  ]) {
    await writeFile(path.join(desk, name), changed);
    const refused = await verify();
    assert.equal(refused.code, 1, refused.out);
    assert.match(refused.out, told);
  }
});

onEveryEngine('a portal that moves to the other engine is the same portal', async ({ engine, database, portal: first, page, context }) => {
  await asAna(first, context);
  const { portal } = await withKey(first, database);
  const acme = await anOrg(portal, context, { name: 'Acme International', slug: 'acme' });
  await anOrg(portal, context, { name: 'Crème & Söhne', slug: 'creme' });
  await command(portal, context, `${acme.page}/suspension`, { reason: 'The invoice of March is unpaid' });
  const here = await shown(portal, page);
  assert.equal(here.orgs.length, 2);
  assert.equal(here.sentences.length, 6);
  await portal.stop();

  const other = await freshDatabase(engines.find((name) => name !== engine));
  const move = '"$PORTAL" export | DATABASE_URL="$THERE" "$PORTAL" import';
  const { PATH, HOME } = process.env;
  const places = { PATH, HOME, PORTAL: BINARY, DATABASE_URL: database.url, THERE: other.url };
  const moved = await promisify(execFile)('sh', ['-c', move], { cwd: database.folder, env: places });
  assert.match(moved.stdout, /6 events were taken in/);
  await copyFile(path.join(database.folder, 'seal.key'), path.join(other.folder, 'seal.key'));
  const roots = [];
  for (const it of [database, other]) {
    if (it === other) await beginToSeal(it);
    const seal = await it.tries(['seal'], env);
    assert.equal(seal.code, 0, seal.err);
    const checkpoints = await readFile(path.join(it.folder, 'checkpoints.txt'), 'utf8');
    const last = checkpoints.split('\n\n').slice(-2).join('\n\n');
    assert.match(last, /^portal\.example\.com\/log\n6\n/);
    roots.push(last);
    const verified = await it.tries(['verify'], env);
    assert.equal(verified.code, 0, verified.out);
    assert.match(verified.out, /The first 6 are those that portal\.example\.com\/log signed\./);
  }
  assert.equal(roots[0], roots[1], 'one tree, one signature');

  const link = (await other.run('grant', ANA.email)).match(/\/password\/\S+/)[0];
  const there = await Portal.start(other, { env });
  await withPage(async (page, theirs) => {
    await send(there, theirs, link, { password: PASSWORD });
    await signIn(there, theirs, ANA.email);
    assert.deepEqual(await shown(there, page), here);
    await page.goto(there.at(PLACE));
    assert.equal(await fact(page, /^Sealed/).innerText(), '6 events');
    const root = await page.locator('.facts > div').filter({ hasText: 'Root' }).locator('code').innerText();
    assert.equal(root, roots[0].split('\n')[2]);
  });
  assert.equal(await there.stop(), 0);
});

/** What a portal shows of its organisations and of its history. */
async function shown(portal, page) {
  await page.goto(portal.at('/admin/orgs'));
  const orgs = await page.getByRole('table').locator('tbody tr').allInnerTexts();
  await page.goto(portal.at('/admin/history'));
  const sentences = await page.locator('#results .timeline li').allInnerTexts();
  return { orgs, sentences };
}
