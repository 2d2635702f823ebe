import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

/** A prepared instance, as scripts/init leaves it, in a folder of its own. */
export interface Place {
  readonly folder: string
  readonly envFile: string
  readonly instance: string
  readonly env: NodeJS.ProcessEnv
  /** `scripts/<name> <args>`, from another directory than the checkout, with no Docker to be reached. */
  script (name: string, ...args: string[]): Promise<Ended>
  /** Bash, with these libraries of scripts/lib. */
  bash (libraries: readonly string[], line: string): Promise<Ended>
}

/** Runs a program to its end, whatever that is. */
export async function ended (program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const over = Promise.withResolvers<number | null>()
  child.once('error', over.reject)
  child.once('close', over.resolve)
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), over.promise])
  return { code, out, errors }
}

/** scripts/init has been here; the folder goes with the test. */
export async function preparedPlace (t: TestContext): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-scripts-'))
  t.after(() => { rmSync(folder, { recursive: true, force: true }) })
  const [envFile, instance] = [join(folder, 'stack.env'), join(folder, 'instance')]
  // A daemon that may run on this machine is not to be asked, let alone changed.
  const env = { ...process.env, DRAWBRIDGE_ENV_FILE: envFile, COMPOSE_PROJECT_NAME: 'scripts-test', DOCKER_HOST: `unix://${folder}/no-docker.sock` }
  const place: Place = {
    folder,
    envFile,
    instance,
    env,
    script: (name, ...args) => ended(join(root, 'scripts', name), args, folder, env),
    bash: (libraries, line) => ended('bash', ['-euo', 'pipefail', '-c', [...libraries.map((name) => `. "${root}scripts/lib/${name}.sh"`), line].join('\n')], folder, env)
  }
  const made = await place.script('init', '--public-url', 'https://mcp.example.com', '--instance', instance, '--subnet', '172.30.99')
  if (made.code !== 0) throw new Error(made.errors)
  return place
}

/** What stands in for Docker: every service runs and is healthy. */
export interface StandIn {
  /** For a script that is to find it. */
  readonly env: NodeJS.ProcessEnv
  /** As `Place.script`, with it. */
  script (name: string, ...args: string[]): Promise<Ended>
  /** The command lines that it was called with so far. */
  asked (): string[]
}

/** A program in Docker's place. `answers`: lines of sh that come before its own, with the call in `$*` and the instance in `$INSTANCE`. */
export function standInDocker (place: Place, answers = ''): StandIn {
  const bin = join(place.folder, 'bin')
  const calls = join(bin, 'calls')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'docker'), `#!/bin/sh
printf '%s\\n' "$*" >> "${calls}"
${answers}
case "$*" in
  ps*) for word in "$@"; do case $word in label=com.docker.compose.service=*) echo "\${word##*=}" ;; esac; done ;;
  inspect*State.Status*) echo 'running|healthy|0' ;;
  inspect*State.Running*) echo true ;;
  inspect*.Image* | 'image inspect'*) echo sha256:one ;;
esac
`, { mode: 0o755 })
  const env = { ...place.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, INSTANCE: place.instance }
  return {
    env,
    script: (name, ...args) => ended(join(root, 'scripts', name), args, place.folder, env),
    asked: () => existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : []
  }
}

/** Every file below a folder with what is in it, for comparing. */
export function contentsOf (folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(files.map((entry) => join(entry.parentPath, entry.name)).sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]))
}
