// Fetches what only the integration tests need: third-party MCP clients and servers (npm, PyPI), Debian's Chromium, nginx, Redis and Prometheus.
// Runs on Node >= 20, does nothing that is already done, and never fails the run: what is missing is named in one line
// and returned, and the tests that need it report themselves as skipped.
//
//   node test/setup.mjs             install what is missing
//   node test/setup.mjs --check     only say what is missing
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unpackFromSuite } from './debian-suite.mjs'

const testDir = fileURLToPath(new URL('.', import.meta.url))
const clientsDir = join(testDir, 'clients')
const cacheDir = join(testDir, '.cache')
const venvDir = join(cacheDir, 'venv')
const uvxPath = join(venvDir, 'bin', 'uvx')
const redisServerPath = join(cacheDir, 'redis', 'redis-server')
const redisProgram = '/usr/bin/redis-check-rdb'
const nginxDir = join(cacheDir, 'nginx')
const nginxPath = join(nginxDir, 'usr', 'sbin', 'nginx')
/** The first that knows `http2 on;`, as nginx/gateway.conf says it. Debian 12 has an older one, and Debian 13's runs there as well. */
const NGINX_VERSION = [1, 25, 1]
const NGINX_SUITE = 'trixie'
const tools = JSON.parse(await readFile(join(clientsDir, 'tools.json'), 'utf8'))

/** A slow mirror may need minutes; a dead one must not hold the tests for ever. */
const STEP_TIMEOUT_MS = 600_000

const startedAt = Date.now()

function say (text) {
  console.log(`setup ${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)}s  ${text}`)
}

/** Runs a program to its end; resolves with its exit code and the last 2,000 characters it wrote. */
function run (command, args, options = {}) {
  return new Promise((resolve) => {
    // Not `timeout`: its timer outlives a program that is not there, and would hold this process as long.
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal: AbortSignal.timeout(STEP_TIMEOUT_MS), ...options })
    let tail = ''
    const keep = (chunk) => { tail = (tail + chunk).slice(-2000) }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => resolve({ code: 127, tail: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, tail }))
  })
}

async function exists (path) {
  return await access(path).then(() => true, () => false)
}

async function onPath (program) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const found = await Promise.all(folders.map((folder) => exists(join(folder, program))))
  return found.includes(true)
}

/** True when the step with these inputs was finished before; `finish` notes that it is now. */
async function stamp (name, inputs) {
  const path = join(cacheDir, `${name}.stamp`)
  const wanted = createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
  const current = await readFile(path, 'utf8').catch(() => '')
  return { done: current === wanted, finish: () => writeFile(path, wanted) }
}

// ---- steps: each returns a list of what it could not provide ----

async function missingPrograms () {
  const wanted = Object.entries(tools.debian)
  const present = await Promise.all(wanted.map(([program]) => hasProgram(program)))
  return wanted.filter((_, index) => !present[index])
}

async function hasProgram (program) {
  if (program === 'python3 -m venv') return await exists(uvxPath) || (await run('python3', ['-c', 'import venv, ensurepip'])).code === 0
  return await onPath(program)
}

async function debianPackages (mayInstall) {
  let missing = await missingPrograms()
  if (missing.length > 0 && mayInstall && await onPath('apt-get')) {
    const root = process.getuid?.() === 0 ? [] : ['sudo', '-n']
    const apt = async (...args) => {
      const [command, ...rest] = [...root, 'apt-get', ...args]
      return await run(command, rest, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    }
    const packages = missing.map(([, name]) => name)
    say(`apt-get install ${packages.join(' ')} …`)
    await apt('update')
    const { code, tail } = await apt('install', '-y', '--no-install-recommends', ...packages)
    if (code !== 0) say(`apt-get ended with ${code}: ${lastLine(tail)}`)
    missing = await missingPrograms()
  }
  return missing.map(([program, name]) => `${program} (apt-get install ${name})`)
}

/** Unpacked, not installed: as Debian packages these would start servers. @param [program, name] a program of the package, and the package */
async function unpacked ([program, name], mayInstall) {
  const folder = join(cacheDir, name)
  if (await onPath(program) || await exists(join(folder, 'usr', 'bin', program)) || await exists(join(folder, 'usr', 'sbin', program))) return []
  if (!mayInstall || !await onPath('apt-get')) return [program]
  say(`apt-get download ${name} …`)
  await mkdir(folder, { recursive: true })
  const root = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const [command, ...rest] = [...root, 'apt-get', 'update']
  await run(command, rest)
  const download = await run('apt-get', ['download', name], { cwd: folder })
  if (download.code !== 0) return [`${program} (apt-get download: ${lastLine(download.tail)})`]
  const [archive] = (await readdir(folder)).filter((file) => file.endsWith('.deb'))
  const unpack = await run('dpkg-deb', ['-x', archive, '.'], { cwd: folder })
  if (unpack.code !== 0) return [`${program} (dpkg-deb: ${lastLine(unpack.tail)})`]
  // Tens of megabytes that nobody reads again.
  await rm(join(folder, archive))
  return []
}

/** The machine's, if it is new enough; else that of a newer Debian. */
async function nginx (mayInstall) {
  if (await isNewEnough('nginx') || await isNewEnough(nginxPath)) return []
  if (!mayInstall || !await onPath('apt-get')) return [`nginx >= ${NGINX_VERSION.join('.')}`]
  say(`nginx of Debian ${NGINX_SUITE} …`)
  const problem = await unpackFromSuite(NGINX_SUITE, 'nginx', nginxDir).catch((error) => lastLine(String(error.stderr || error.message)))
  return await isNewEnough(nginxPath) ? [] : [`nginx >= ${NGINX_VERSION.join('.')} (${problem ?? 'it does not run here'})`]
}

async function isNewEnough (program) {
  const { tail } = await run(program, ['-v'])
  const numbers = /nginx\/(\d+)\.(\d+)\.(\d+)/.exec(tail)?.slice(1).map(Number)
  const differing = numbers?.findIndex((number, at) => number !== NGINX_VERSION[at]) ?? -1
  return numbers !== undefined && (differing === -1 || numbers[differing] > NGINX_VERSION[differing])
}

/**
 * Debian's package redis-server would start a server on port 6379, and holds nothing but that and a link: the program itself is in
 * redis-tools (which `debian` in tools.json installs for redis-cli) and serves when it is called by the name `redis-server`.
 */
async function redisServer (mayInstall) {
  if (await onPath('redis-server') || await exists(redisServerPath)) return []
  if (!mayInstall || !await exists(redisProgram)) return ['redis-server (apt-get install redis-tools)']
  await mkdir(join(cacheDir, 'redis'), { recursive: true })
  await rm(redisServerPath, { force: true })
  await symlink(redisProgram, redisServerPath)
  return []
}

async function npmClients (mayInstall) {
  const lock = await readFile(join(clientsDir, 'package-lock.json'), 'utf8')
  const { done, finish } = await stamp('clients', lock)
  if (done && await exists(join(clientsDir, 'node_modules', '.package-lock.json'))) return []
  if (!mayInstall) return ['test/clients packages (npm ci)']
  say('npm ci in test/clients …')
  const { code, tail } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: clientsDir })
  if (code !== 0) return [`test/clients packages (npm ci ended with ${code}: ${lastLine(tail)})`]
  await finish()
  return []
}

async function npxServers (mayInstall) {
  const { done, finish } = await stamp('npx', tools.npx)
  if (done && await exists(join(cacheDir, 'npm', '_npx'))) return []
  if (!mayInstall) return ['npx servers']
  for (const [name, args] of Object.entries(tools.npx)) {
    say(`npx ${args.at(-1)} …`)
    const env = { ...process.env, npm_config_cache: join(cacheDir, 'npm'), npm_config_update_notifier: 'false' }
    // The server reads end-of-file at once and exits, which leaves it installed.
    const { code, tail } = await run('npx', args, { env, cwd: cacheDir })
    if (code !== 0) return [`npx server ${name} (${lastLine(tail)})`]
  }
  await finish()
  return []
}

async function uvxServers (mayInstall) {
  const constraints = join(clientsDir, 'python-constraints.txt')
  const { done, finish } = await stamp('uvx', [tools.uv, tools.uvx, await readFile(constraints, 'utf8')])
  if (done && await exists(uvxPath)) return []
  if (!mayInstall) return ['uv and the Python servers']
  say(`uv ${tools.uv} from PyPI …`)
  await rm(venvDir, { recursive: true, force: true })
  const venv = await run('python3', ['-m', 'venv', venvDir])
  if (venv.code !== 0) return [`uv (python3 -m venv: ${lastLine(venv.tail)})`]
  const pip = await run(join(venvDir, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `uv==${tools.uv}`])
  if (pip.code !== 0) return [`uv (pip: ${lastLine(pip.tail)})`]
  const env = { ...process.env, UV_CACHE_DIR: join(cacheDir, 'uv'), UV_CONSTRAINT: constraints }
  for (const [name, args] of Object.entries(tools.uvx)) {
    say(`uvx ${args.find((part) => part.includes('@'))} …`)
    const { code, tail } = await run(uvxPath, [...args, '--help'], { env })
    if (code !== 0) return [`Python server ${name} (uvx: ${lastLine(tail)})`]
  }
  await finish()
  return []
}

function lastLine (text) {
  return text.trim().split('\n').at(-1) ?? ''
}

/** Provides everything it may, prints progress, and returns what is still missing (empty = all tests can run). */
export async function setup ({ mayInstall = true } = {}) {
  await mkdir(cacheDir, { recursive: true })
  const missing = await debianPackages(mayInstall)
  missing.push(...await nginx(mayInstall))
  for (const entry of Object.entries(tools.unpacked)) missing.push(...await unpacked(entry, mayInstall))
  missing.push(...await redisServer(mayInstall))
  missing.push(...await npmClients(mayInstall))
  missing.push(...await npxServers(mayInstall))
  missing.push(...await uvxServers(mayInstall))
  if (missing.length > 0) say(`missing, tests that need it are skipped: ${missing.join('; ')}`)
  else say('third-party clients and servers are ready')
  return missing
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup({ mayInstall: !process.argv.includes('--check') })
}
