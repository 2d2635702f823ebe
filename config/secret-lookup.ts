import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ok, refuse } from '../src/shared/result.ts'
import type { Result } from '../src/shared/result.ts'

/** The environment as it was handed in; only config/ and the commands see it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Value of a variable; `undefined` = not set. The error is a sentence. */
export interface Lookup {
  (name: string): Result<string | undefined, string>
  /** Names that were asked for so far. */
  readonly asked: () => ReadonlySet<string>
}

/**
 * Variables by name, each also from the file that `<NAME>_FILE` names (Docker and Kubernetes secrets). Both set is
 * refused, because one of them would silently lose. One line break at the file's end is not part of the value.
 */
export function createLookup (env: Environment, cwd: string): Lookup {
  const known = new Map<string, Result<string | undefined, string>>()
  const lookup = (name: string) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const found = read(env, cwd, name)
    known.set(name, found)
    return found
  }
  return Object.assign(lookup, { asked: () => new Set(known.keys()) })
}

function read (env: Environment, cwd: string, name: string): Result<string | undefined, string> {
  const direct = Object.hasOwn(env, name) ? env[name] : undefined
  const file = Object.hasOwn(env, `${name}_FILE`) ? env[`${name}_FILE`] : undefined
  if (file === undefined || file === '') return ok(direct)
  if (direct !== undefined) return refuse(`both ${name} and ${name}_FILE are set; set one of them`)
  try {
    return ok(readFileSync(resolve(cwd, file), 'utf8').replace(/\r?\n$/, ''))
  } catch (cause) {
    return refuse(`the file that ${name}_FILE names cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`)
  }
}
