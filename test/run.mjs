// The test command. Runs on any Node >= 20 and moves itself to the Node that the project pins.
//
//   node test/run.mjs                     every step, in order
//   node test/run.mjs --only unit,pins    these steps only
//
// Fails on a failed check or test, on a skipped test (each is named), and on a step that found no tests. The last line is
// "N passed, N failed, N skipped" over all tests that ran.
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { delimiter, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const pinned = join(bin, 'node')
/** Set once the run is on the pinned Node, so that it moves only once. */
const MOVED = 'DRAWBRIDGE_TEST_ON_PINNED_NODE'
/** First Node that runs TypeScript without a flag and has what the tests use. */
const OLDEST_MAJOR = 24
/** Two cores are what a small CI machine has. A file of tests uses less than half of one, and waits the rest of its time. */
const FILES_AT_ONCE = 4
/** A check is busy all the time. */
const CHECKS_AT_ONCE = 2
/** Files that take ten seconds and more, the longest first: begun last, one of them would run alone in the end. */
const LONGEST_FIRST = join('test', 'longest-first.json')
/** Folders whose tests use what test/setup.mjs fetches. */
const WITH_CLIENTS = ['unit', 'conformance', 'integration']
/** A file of tests that takes longer hangs. In milliseconds. */
const FILE_TIMEOUT_MS = 900_000
/** A file that takes longer gets a line of its own, so that long steps are seen to move. In milliseconds. */
const SLOW_FILE_MS = 5000

if (process.env[MOVED] === undefined && existsSync(pinned)) {
  process.exit(await exitCodeOf(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit', env: { ...process.env, [MOVED]: '1' } }))
}
if (Number(process.versions.node.split('.')[0]) < OLDEST_MAJOR) {
  console.error(`Node ${process.versions.node} is too old and ${relative(root, pinned)} is missing: run npm ci, or use Node ${OLDEST_MAJOR}.`)
  process.exit(1)
}
// Whatever a step or a test starts as "node" is this Node.
process.env.PATH = bin + delimiter + (process.env.PATH ?? '')
process.chdir(root)
if (process.env.NODE_COMPILE_CACHE === undefined) compileOnce()
if (process.getuid?.() === 0) openForOthers()

const startedMs = performance.now()
const totals = { passed: 0, failed: 0, skipped: 0 }
const broken = []
/** Ends the test processes when the run itself is told to end. */
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopping.abort()
    setImmediate(() => process.exit(130))
  })
}
const steps = [
  { name: 'lint', isCheck: true, run: () => command('eslint/bin/eslint.js', ['.', '--max-warnings', '0']) },
  { name: 'typecheck', isCheck: true, run: () => command('typescript/bin/tsc', ['-p', 'tsconfig.json']) },
  { name: 'arch', isCheck: true, run: architecture },
  { name: 'knip', isCheck: true, run: () => command('knip/bin/knip.js', ['--no-progress']) },
  ...testFolders().map((folder) => ({ name: folder, isCheck: false, run: () => tests(folder) }))
]

const wanted = chosen(steps)
await atOnce(CHECKS_AT_ONCE, wanted.filter(({ isCheck }) => isCheck), step)
await atOnce(1, wanted.filter(({ isCheck }) => !isCheck), step)
if (broken.length > 0) console.log(`\nNot in order: ${broken.join(', ')}`)
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(broken.length === 0 ? 0 : 1)

/** Runs a step and says how it went. */
async function step ({ name, run }) {
  const stepMs = performance.now()
  const { ok, detail } = await run()
  if (!ok) broken.push(name)
  console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(12)} ${detail.padEnd(48)} ${seconds(stepMs)} s, ${seconds(startedMs)} s in all`)
}

/** Does something for every item, in order, with so many under way. */
async function atOnce (count, items, work) {
  const waiting = [...items]
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: count }, worker))
}

/** Hundreds of processes load the same sources, and strip them of their types and compile them once. Anew for each run: files that tests write would pile up. */
function compileOnce () {
  const directory = join(root, 'test', '.cache', 'compiled')
  rmSync(directory, { recursive: true, force: true })
  process.env.NODE_COMPILE_CACHE = directory
}

/** Of root's tests some run as an ordinary user, who has to get into the project: not so in a directory that `mktemp -d` made. Until the run ends. */
function openForOthers () {
  const { mode } = statSync(root)
  if ((mode & 0o005) === 0o005) return
  console.log(`${root} is opened for other users while the tests run: some run as one.`)
  chmodSync(root, mode | 0o005)
  process.on('exit', () => { chmodSync(root, mode) })
}

// ---- choosing ----

function chosen (all) {
  const at = process.argv.indexOf('--only')
  if (at === -1) return all
  const names = (process.argv[at + 1] ?? '').split(',').filter(Boolean)
  const unknown = names.filter((name) => !all.some((step) => step.name === name))
  if (names.length === 0 || unknown.length > 0) {
    console.error(`--only takes names of ${all.map((step) => step.name).join(', ')}; got ${unknown.join(', ') || 'none'}`)
    process.exit(1)
  }
  return all.filter((step) => names.includes(step.name))
}

/** Folders of test/ that hold tests: the quick ones first, integration last. */
function testFolders () {
  const first = ['unit', 'plugins', 'pins']
  const found = readdirSync('test', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'clients' && testFiles(entry.name).length > 0)
    .map((entry) => entry.name)
    .filter((name) => !first.includes(name) && name !== 'integration')
  return [...first, ...found.sort(), 'integration']
}

function testFiles (folder) {
  const first = JSON.parse(readFileSync(LONGEST_FIRST, 'utf8'))
  const place = new Map(first.map((path, index) => [join(path), index]))
  const placeOf = (path) => place.get(path) ?? first.length
  return filesIn(join('test', folder)).filter((path) => path.endsWith('.test.ts')).sort().sort((a, b) => placeOf(a) - placeOf(b))
}

function filesIn (folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.split(sep).includes('node_modules'))
}

// ---- checks ----

async function command (program, args) {
  const { code, output } = await outputOf(process.execPath, [join('node_modules', program), ...args])
  if (code !== 0) process.stdout.write(output)
  return { ok: code === 0, detail: code === 0 ? '' : `exit code ${code}` }
}

/** Import rules. The tool reports success on files that it cannot read, so every source file has to be among those it saw. */
async function architecture () {
  const targets = ['src', 'config', 'plugins', 'routes', 'app.ts', 'management.ts', 'server.ts', 'listener.ts', 'primary.ts', 'member-process.ts'].filter((path) => existsSync(path))
  const { stdout } = await outputOf(process.execPath, ['node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...targets])
  const { modules, summary } = JSON.parse(stdout)
  const seen = new Set(modules.map((module) => module.source))
  const missed = targets.flatMap((path) => path.endsWith('.ts') ? [path] : filesIn(path)).filter((path) => path.endsWith('.ts') && !seen.has(path.split(sep).join('/')))
  for (const { from, to, rule } of summary.violations) console.log(`  ${rule.name}: ${from} -> ${to}`)
  for (const path of missed) console.log(`  not seen: ${path}`)
  const ok = summary.violations.length === 0 && missed.length === 0
  return { ok, detail: ok ? `${summary.totalCruised} modules, ${summary.totalDependenciesCruised} imports` : `${summary.violations.length} violations, ${missed.length} files not seen` }
}

// ---- tests ----

async function tests (folder) {
  const files = testFiles(folder)
  if (WITH_CLIENTS.includes(folder)) await setUp()
  if (files.length === 0) return { ok: false, detail: 'no test files' }
  const report = { passed: 0, failed: 0, skipped: 0 }
  await atOnce(FILES_AT_ONCE, files, (file) => testFile(file, report))
  totals.passed += report.passed
  totals.failed += report.failed
  totals.skipped += report.skipped
  const ok = report.failed === 0 && report.skipped === 0 && report.passed > 0
  return { ok, detail: `${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped` }
}

/** Runs one file in a process of its own. One that cannot be loaded, ends early, holds no tests or never ends has failed. */
async function testFile (file, report) {
  const { run } = await import('node:test')
  let said = ''
  let counts
  let fault
  const keep = ({ message }) => { said = (said + message).slice(-20_000) }
  const startedMs = performance.now()
  await new Promise((_resolve) => {
    run({ files: [file], signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(FILE_TIMEOUT_MS)]) })
      .on('test:stdout', keep)
      .on('test:stderr', keep)
      .on('test:fail', (event) => { fault = describeFailure(event, file) ?? fault })
      .on('test:pass', (event) => { describeSkip(event, file, report) })
      .on('test:summary', (event) => { if (event.file !== undefined) counts = event.counts })
      .on('end', _resolve)
      .resume()
  })
  if (counts === undefined || counts.tests === 0) fault ??= 'it reported no tests'
  const failed = Math.max((counts?.failed ?? 0) + (counts?.cancelled ?? 0), fault === undefined ? 0 : 1)
  // A test that is still to be done proves nothing either.
  const skipped = (counts?.skipped ?? 0) + (counts?.todo ?? 0)
  report.passed += counts?.passed ?? 0
  report.failed += failed
  report.skipped += skipped
  const tookMs = performance.now() - startedMs
  if (fault !== undefined) console.log(`FAIL  ${file}: ${fault}`)
  if (failed > 0 && said !== '') console.log(`---- output of ${file}\n${said}\n----`)
  if (failed > 0 || tookMs > SLOW_FILE_MS) console.log(`      ${file}: ${counts?.passed ?? 0} passed, ${failed} failed, ${skipped} skipped, ${(tookMs / 1000).toFixed(1)} s`)
}

/** Prints a failed test. @returns what is wrong with the file itself, where that is what failed */
function describeFailure ({ name, line, details }, file) {
  const { error } = details
  if (error?.failureType === 'subtestsFailed') return undefined
  if (name === file && error?.failureType === 'testAborted') return stopping.signal.aborted ? 'stopped' : `not over after ${FILE_TIMEOUT_MS / 1000} s`
  if (name === file) return error?.exitCode === undefined ? undefined : `exit code ${error.exitCode}`
  console.log(`FAIL  ${file}:${line}  ${name}`)
  console.log(indent(error?.cause?.stack ?? String(error?.cause ?? error?.message ?? error)))
  return undefined
}

function describeSkip ({ name, skip, todo, details }, file, report) {
  const reason = skip ?? todo
  if (reason === undefined) return
  // The tests of a skipped suite are never heard of, so the suite counts for them.
  if (details.type === 'suite') report.skipped++
  console.log(`SKIP  ${file}  ${name}${typeof reason === 'string' ? `: ${reason}` : ''}`)
}

/** What only these tests need is fetched here, not by npm ci. What is missing shows as skipped tests. */
async function setUp () {
  if (!existsSync('test/setup.mjs')) return
  await exitCodeOf(process.execPath, ['test/setup.mjs'], { stdio: 'inherit' })
}

// ---- processes ----

function exitCodeOf (program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, options)
    const pass = (signal) => { child.kill(signal) }
    process.on('SIGINT', pass).on('SIGTERM', pass)
    child.on('error', (error) => {
      console.error(`${program}: ${error.message}`)
      resolve(127)
    })
    child.on('close', (code) => {
      process.off('SIGINT', pass).off('SIGTERM', pass)
      resolve(code ?? 1)
    })
  })
}

function outputOf (program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => { stdout += chunk })
    child.stderr.setEncoding('utf8').on('data', (chunk) => { stderr += chunk })
    child.on('error', (error) => resolve({ code: 127, stdout, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, output: stdout + stderr }))
  })
}

function indent (text) {
  return text.split('\n').map((line) => `      ${line}`).join('\n')
}

function seconds (sinceMs) {
  return ((performance.now() - sinceMs) / 1000).toFixed(1).padStart(6)
}
