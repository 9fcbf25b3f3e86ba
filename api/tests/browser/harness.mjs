// The real binary, on either engine, in front of a real Chromium.
//
// Invariant: whatever is started here ends with the test that started it, whether that passed or not.
//
//   onEveryEngine('an operator suspends an organisation', async ({ portal, page }) => {
//     await page.goto(portal.at('/admin'));
//     await look(page, 'organisations');
//   });
//
// Settings: PORTAL_BIN, the binary; CHROMIUM, the browser; PORTAL_TEST_POSTGRES_URL, from scripts/with-postgres.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../../..');
export const BINARY = path.resolve(process.env.PORTAL_BIN ?? path.join(ROOT, 'target/debug/portal'));
const PICTURES = path.join(ROOT, 'pictures');

const START_MS = 30_000;
const STOP_MS = 10_000;
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };
const PATIENCE_MS = 10_000;

export const engines = ['sqlite', 'postgres'];

/**
 * Runs the same body on every engine, each time with an empty portal, a page, and nothing shared.
 * A script that fails or breaks the content security policy fails the test.
 */
export function onEveryEngine(name, body, options = {}) {
  for (const engine of options.engines ?? engines) {
    test(`${name} (${engine})`, async (t) => {
      const database = await freshDatabase(engine);
      const portal = await Portal.start(database, options);
      try {
        await withPage((page, context) => body({ t, engine, database, portal, page, context }));
      } catch (error) {
        t.diagnostic(`what portal said:\n${portal.output}`);
        throw error;
      } finally {
        await database.remove();
      }
    });
  }
}

/** Gives a page in a browser session of its own: no cookies, no cache. */
export async function withPage(body, options = {}) {
  const context = await (await theBrowser()).newContext({ viewport: WIDE, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  context.on('weberror', (failure) => complaints.push(String(failure.error())));
  context.on('console', (message) => {
    if (message.type() === 'error' && /content security policy|trusted/i.test(message.text())) {
      complaints.push(message.text());
    }
  });
  try {
    const result = await body(await context.newPage(), context);
    assert.deepEqual(complaints, [], 'scripts ran without an error');
    return result;
  } finally {
    await context.close();
  }
}

let launched;

/** One browser for all tests of a file. */
function theBrowser() {
  launched ??= chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return launched;
}

after(async () => {
  await (await launched)?.close();
  await Promise.all([...databases].map((database) => database.remove()));
});

const databases = new Set();
process.on('exit', () => databases.forEach((database) => database.kill()));

/** An empty database. It outlives the portals that are started on it, but none of them outlives it. */
export async function freshDatabase(engine) {
  const folder = await mkdtemp(path.join(tmpdir(), 'portal-browser-'));
  const sqlite = `sqlite://${path.join(folder, 'portal.db')}`;
  return new Database(engine, folder, engine === 'sqlite' ? sqlite : await createPostgresDatabase());
}

class Database {
  /** The processes that are at work on it. */
  users = new Set();

  constructor(engine, folder, url) {
    Object.assign(this, { engine, folder, url });
    databases.add(this);
  }

  kill() {
    for (const process of this.users) process.kill('SIGKILL');
  }

  /** Runs a command from the server's shell to its end, and returns what it said. On SQLite nothing else may run. */
  async run(...args) {
    const { code, out, err } = await this.tries(args);
    assert.equal(code, 0, `portal ${args.join(' ')}: ${out}${err}`);
    return out;
  }

  /** The same with more settings, whatever comes of it. */
  tries(args, env = {}) {
    return program(args, this.folder, { DATABASE_URL: this.url, ...env });
  }

  /** As if so many minutes had passed since anybody proved who they are. Nobody can make time pass by using the program. */
  timePasses(minutes) {
    const past = this.engine === 'sqlite' ? `${minutes * 60_000_000}` : `interval '${minutes} minutes'`;
    return this.execute(`update session set proven_at = proven_at - ${past}`);
  }

  /** Statements of whoever owns the database, who needs no program for that. */
  execute(statements) {
    const exec = promisify(execFile);
    if (this.engine === 'sqlite') {
      const script = 'import sqlite3, sys; file = sqlite3.connect(sys.argv[1], timeout=10); file.executescript(sys.argv[2]); file.commit()';
      return exec('python3', ['-c', script, this.url.slice('sqlite://'.length), statements]);
    }
    return exec('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', statements, this.url]);
  }

  async remove() {
    this.kill();
    await until('its portals were gone', STOP_MS, () => this.users.size === 0);
    await rm(this.folder, { recursive: true, force: true });
    databases.delete(this);
  }
}

/** Runs the program in a folder, with these settings and no others: its exit code, and what it said. */
export async function program(args, folder, settings = {}) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, NO_COLOR: '1', ...settings };
  const ended = promisify(execFile)(BINARY, args, { cwd: folder, env });
  const { code = 0, stdout: out, stderr: err } = await ended.catch((error) => error);
  return { code, out, err };
}

async function createPostgresDatabase() {
  const server = process.env.PORTAL_TEST_POSTGRES_URL;
  assert.ok(server, 'no PORTAL_TEST_POSTGRES_URL: run this under scripts/with-postgres');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await promisify(execFile)('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', `create database ${name}`, server]);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** A running `portal serve`. */
export class Portal {
  #child;
  #ended;
  #database;
  #options;
  url = '';
  output = '';

  /**
   * Starts one and waits until it answers. Of our own environment it sees PATH and HOME only.
   * `options.args`: the arguments, by default none; `options.env`: more settings; `options.host`: the name by which
   * browsers reach it, instead of its address.
   */
  static async start(database, asked = {}) {
    const options = asked.host ? { ...asked, env: { ...asked.env, ...(await reachedAs(asked.host)) } } : asked;
    await access(BINARY).catch(() => assert.fail(`no ${BINARY}: run cargo build, or set PORTAL_BIN`));
    const portal = new Portal(database, options);
    try {
      await portal.#ready();
    } catch (error) {
      await portal.kill();
      throw new Error(`${error.message}; it said:\n${portal.output}`, { cause: error });
    }
    return portal;
  }

  constructor(database, options) {
    this.#database = database;
    this.#options = options;
    const { PATH, HOME } = process.env;
    const settings = { DATABASE_URL: database.url, PORTAL_LISTEN: '127.0.0.1:0', NO_COLOR: '1' };
    this.#child = spawn(BINARY, options.args ?? [], {
      cwd: database.folder,
      env: { PATH, HOME, ...settings, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    database.users.add(this.#child);
    this.#ended = once(this.#child, 'close').finally(() => database.users.delete(this.#child));
    this.#ended.catch(() => {}); // whoever waits for it hears of it
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    }
  }

  async #ready() {
    const address = (await this.said(/listening on (http:\/\/[\d.]+:\d+)/))[1];
    this.url = this.#options.env?.PORTAL_PUBLIC_URL ?? address;
    await until('it was ready', START_MS, async () => {
      this.#assertAlive();
      return fetch(this.at('/readyz')).then((answer) => answer.ok, () => false);
    });
  }

  #assertAlive() {
    const { exitCode, signalCode } = this.#child;
    assert.ok(exitCode === null && signalCode === null, `portal ended with ${exitCode ?? signalCode}`);
  }

  /** The match of a pattern in the output, now or soon. */
  said(pattern) {
    return until(`it said ${pattern}`, START_MS, () => {
      const match = this.output.match(pattern);
      if (!match) this.#assertAlive();
      return match;
    });
  }

  /** The address of a path. */
  at(place) {
    return new URL(place, this.url).href;
  }

  /** Where the first superadmin of an empty portal signs up, at the address that we reach it by. */
  async setupUrl() {
    return this.at((await this.said(/https?:\/\/[^/\s]+(\/setup\/[^\s"'.,;]+)/))[1]);
  }

  /** Asks politely, and returns the exit code. Not to end in time is an error. */
  async stop() {
    this.#child.kill('SIGTERM');
    const result = await Promise.race([this.#ended, sleep(STOP_MS, undefined, { ref: false })]);
    if (!result) {
      await this.kill();
      assert.fail(`portal did not end within ${STOP_MS} ms of SIGTERM`);
    }
    return result[0];
  }

  /** Pulls the plug, as kill -9 and power cuts do. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => {});
  }

  /** A new process on the same database, with the same settings; stop or kill this one first. */
  again(options = this.#options) {
    return Portal.start(this.#database, options);
  }

  /** The same so many minutes later, by the clock that the new process sees. */
  async againAfter(minutes) {
    const libraries = (await readdir('/usr/lib')).map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`);
    const library = libraries.find((file) => existsSync(file)) ?? assert.fail('no libfaketime: run scripts/setup');
    const clock = { LD_PRELOAD: library, FAKETIME: `+${minutes}m`, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    clock.PORTAL_CLOCK_TOLERANCE_MINUTES = '60'; // the database's clock stays where it is
    return this.again({ ...this.#options, env: { ...this.#options.env, ...clock } });
  }
}

/** Settings for a portal that links to itself by name, which has to know its port before it has one. */
async function reachedAs(host) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return { PORTAL_LISTEN: `127.0.0.1:${port}`, PORTAL_PUBLIC_URL: `http://${host}:${port}` };
}

/** Repeats a question until the answer is true, and returns the answer. */
export async function until(what, milliseconds, question) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > deadline) assert.fail(`waited ${milliseconds} ms in vain until ${what}`);
    await sleep(20);
  }
}

/**
 * Looks at a page as people do: in daylight, in the dark, and on a telephone. Saves a picture of each as
 * pictures/<name>-{light,dark,narrow}.png, and asserts that nothing bars anybody from it.
 */
export async function look(page, name) {
  const before = page.viewportSize();
  await mkdir(PICTURES, { recursive: true });
  const views = [
    ['light', 'light', WIDE],
    ['dark', 'dark', WIDE],
    ['narrow', 'light', NARROW],
  ];
  try {
    for (const [view, colorScheme, viewport] of views) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const picture = path.join(PICTURES, `${name}-${view}.png`);
      await page.screenshot({ path: picture, fullPage: true, animations: 'disabled' });
      await assertAccessible(page, `${name}, ${view}`);
      if (view === 'narrow') await assertNoSidewaysScroll(page, name);
    }
  } finally {
    await page.emulateMedia({ colorScheme: null, reducedMotion: 'reduce' });
    if (before) await page.setViewportSize(before);
  }
}

/** Fails with a readable list when axe finds a breach of WCAG 2.2, levels A and AA. */
export async function assertAccessible(page, name = page.url()) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'],
      rules: { 'target-size': { enabled: true } }, // new in 2.2, and off by default
      resultTypes: ['violations'],
    }),
  );
  assert.equal(violations.length, 0, `${name} has barriers:\n${violations.map(describe).join('\n')}`);
  assert.deepEqual(await smallTargets(page), [], `${name} has targets that a finger misses`);
}

/** Buttons less than 24 px wide or high. axe lets those pass that have room around them, which the wrapping of a line decides. */
function smallTargets(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, summary')]
      .map((target) => ({ target, box: target.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && box.height > 0 && Math.min(box.width, box.height) < 24)
      .map(({ target, box }) => `${target.textContent.trim()}: ${box.width} × ${box.height} px`),
  );
}

function describe({ id, impact, help, helpUrl, nodes }) {
  const places = nodes.map((node) => {
    const why = node.failureSummary.replaceAll('\n', '\n      ');
    return `    ${node.target.join(' ')}\n      ${node.html}\n      ${why}`;
  });
  return `  ${id} (${impact}): ${help}\n    ${helpUrl}\n${places.join('\n')}`;
}

/** WCAG 2.2, 1.4.10: at the width of a telephone a page scrolls one way only; tables may scroll in their own box. */
async function assertNoSidewaysScroll(page, name) {
  const [wanted, there] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(wanted <= there, `${name} is ${wanted} px wide on a screen of ${there} px`);
}
