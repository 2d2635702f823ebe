import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { Lookup } from '../secret-lookup.ts'

/** `${…}` up to the nearest brace. */
const REFERENCE = /\$\{([^{}]*)\}/g
const NAME = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s
/** Names that variables with secrets have. A guess: it decides about a warning, and nothing else. */
const SECRET_NAME = /token|secret|passw|credential|authorization|api_?key|access_?key|private_?key/i
const EDITOR_VARIABLES = /^(workspaceFolder|workspaceFolderBasename|userHome|pathSeparator|\/|file|fileDirname|cwd|command:|config:)/

/**
 * A copy of `value` with `${X}`, `${env:X}` and `${X:-default}` replaced in every string, once: what a variable holds is
 * never looked at again (T56). Only operator files come through here. Keys of objects are left alone.
 */
export function expandAll (value: unknown, place: Place, lookup: Lookup, report: Report): unknown {
  if (typeof value === 'string') return expandText(value, place, lookup, report)
  if (Array.isArray(value)) return value.map((item, index) => expandAll(item, within(place, index), lookup, report))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expandAll(member, within(place, key), lookup, report)]))
}

function expandText (text: string, place: Place, lookup: Lookup, report: Report): string {
  if (!text.includes('${')) return text
  return text.replace(REFERENCE, (whole, reference: string) => {
    const value = resolveReference(reference, lookup)
    const name = NAME.exec(reference)?.[1] ?? ''
    if (value.ok && isArgument(place) && SECRET_NAME.test(name)) report.warn(place, `\${${name}} ends up on a command line, which every process of this machine may read; hand it over in env`)
    if (value.ok) return value.value
    report.fault(place, value.error)
    return whole
  })
}

/** One of the words that a server is started with (T41: secrets by env only, never argv). */
function isArgument ({ path }: Place): boolean {
  return path.length === 4 && path[2] === 'args'
}

type Resolved = { readonly ok: true, readonly value: string } | { readonly ok: false, readonly error: string }

function resolveReference (reference: string, lookup: Lookup): Resolved {
  if (reference.startsWith('input:')) {
    return { ok: false, error: `\${${reference}} asks the user of an editor, which a gateway does not have; use \${NAME} and set the environment variable NAME` }
  }
  const parts = NAME.exec(reference)
  const name = parts?.[1]
  if (EDITOR_VARIABLES.test(reference) && (name === undefined || !isSet(lookup, name))) {
    return { ok: false, error: `\${${reference}} is known to editors only; write the path, or use an environment variable` }
  }
  if (name === undefined) return { ok: false, error: `\${${reference}} is not understood; expected \${NAME}, \${env:NAME} or \${NAME:-default}` }
  return resolveName(name, parts?.[2], lookup)
}

function isSet (lookup: Lookup, name: string): boolean {
  const found = lookup(name)
  return !found.ok || found.value !== undefined
}

/** As in a shell, the default also stands in for an empty value. */
function resolveName (name: string, fallback: string | undefined, lookup: Lookup): Resolved {
  const found = lookup(name)
  if (!found.ok) return { ok: false, error: found.error }
  if (fallback !== undefined && (found.value ?? '') === '') return { ok: true, value: fallback }
  if (found.value !== undefined) return { ok: true, value: found.value }
  return { ok: false, error: `the environment variable ${name} is not set (nor ${name}_FILE); set it, or write \${${name}:-default}` }
}
