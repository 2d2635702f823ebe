// Which Node and which CPUs. Plain JavaScript, because it runs under any Node >= 20.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { execFileSync, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The project's own Node 24 binary: one Node for the load, every rival and Drawbridge. @returns {string} */
function pinnedNode () {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  const name = `node-${process.platform}-${process.arch}`
  for (const candidate of [name, `node-bin-${process.platform}-${process.arch}`]) {
    const found = binaryOf(candidate)
    if (found !== undefined) return found
  }
  throw new Error(`Node 24 is not installed here: run "npm ci" first (looked for the package ${name})`)
}

/** @param {string} name */
function binaryOf (name) {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    const file = fileURLToPath(new URL('./bin/node', `file://${manifest}`))
    return existsSync(file) ? realpathSync(file) : undefined
  } catch {
    return undefined
  }
}

/** CPUs this process may use, as the kernel lists them; empty where /proc has no such line. @returns {number[]} */
function allowedCpus () {
  try {
    const line = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
    return line.split(',').flatMap((part) => {
      const [from, to = from] = part.split('-').map(Number)
      return Array.from({ length: to - from + 1 }, (_, i) => from + i)
    })
  } catch {
    return []
  }
}

function hasTaskset () {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Command words that pin what follows to a CPU. @param {number | undefined} cpu @returns {string[]} */
const pinPrefix = (cpu) => cpu === undefined ? [] : ['taskset', '-c', String(cpu)]

/**
 * Runs a program of the bench under the pinned Node on the load generator's CPU; BENCH_TARGET_CPU tells it where the
 * targets go. With one CPU, or without taskset, nothing is pinned.
 * @param {URL} program @param {string[]} args
 */
export function runPinned (program, args) {
  const [targetCpu, loadCpu] = hasTaskset() ? allowedCpus() : []
  const pinned = loadCpu !== undefined
  const [command, ...rest] = [...pinPrefix(loadCpu), pinnedNode(), fileURLToPath(program), ...args]
  const child = spawn(command, rest, { stdio: 'inherit', env: { ...process.env, BENCH_TARGET_CPU: pinned ? String(targetCpu) : '' } })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => { process.exitCode = signal === null ? code ?? 1 : 1 })
}
