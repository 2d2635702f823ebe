import { SERVER_ENTRY_KEYS } from '../../../config/index.ts'
import { checkTargetUrl } from '../../net/index.ts'
import { looksSecret } from '../looks-secret.ts'
import type { ClientEntry } from './client-file.ts'

/** An entry for a gateway file, and what its owner should know about the change. */
export interface ConvertedEntry {
  readonly entry: Readonly<Record<string, unknown>>
  readonly notes: readonly string[]
}

const INPUT = /\$\{input:([^}]+)\}/g

/** Takes what the gateway understands, turns questions to an editor's user into variables, and points at secrets. */
export function convertEntry ({ name, entry }: ClientEntry): ConvertedEntry {
  const known = new Set(SERVER_ENTRY_KEYS)
  const dropped = Object.keys(entry).filter((key) => !known.has(key))
  const variables = new Set<string>()
  const kept = Object.fromEntries(Object.entries(entry).filter(([key]) => known.has(key)).map(([key, value]) => [key, withoutInputs(value, variables)]))
  const isInside = leadsInside(kept)
  return {
    entry: isInside ? { ...kept, allowPrivateNetwork: true } : kept,
    notes: [
      ...(isInside ? [`${name}.url: leads to this machine or a private network; allowPrivateNetwork: true was added, because the gateway refuses that otherwise`] : []),
      ...dropped.map((key) => `${name}.${key}: left out, Drawbridge does not use it`),
      ...[...variables].map((variable) => `${name}: set the environment variable ${variable}; the editor asked its user for it`),
      ...secretNotes(name, kept)
    ]
  }
}

/** A client reaches servers of its own machine like any other; a gateway has to be told that it may. */
function leadsInside ({ url, allowPrivateNetwork }: Readonly<Record<string, unknown>>): boolean {
  if (typeof url !== 'string' || allowPrivateNetwork !== undefined) return false
  const withPort = url.replace(/(?<=:)\$\{[^}]*\}/, '1')
  return checkTargetUrl(withPort, true).ok && !checkTargetUrl(withPort.replace(/^http:/i, 'https:'), false).ok
}

/** `${input:github-token}` as `${GITHUB_TOKEN}`. */
function withoutInputs (value: unknown, variables: Set<string>): unknown {
  if (typeof value === 'string') {
    return value.replace(INPUT, (_whole, id: string) => {
      const variable = variableName(id)
      variables.add(variable)
      return `$\{${variable}}`
    })
  }
  if (Array.isArray(value)) return value.map((item) => withoutInputs(item, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutInputs(inner, variables)]))
}

/** A secret that stands in a file is in its backups and in version control, too. */
function secretNotes (name: string, entry: Readonly<Record<string, unknown>>): string[] {
  const found: { key: string, variable: string }[] = []
  for (const [key, value] of Object.entries(entry['env'] ?? {})) {
    if (typeof value === 'string' && looksSecret(key, value)) found.push({ key: `env.${key}`, variable: variableName(key) })
  }
  for (const [key, value] of Object.entries(entry['headers'] ?? {})) {
    if (typeof value === 'string' && looksSecret(key, value)) found.push({ key: `headers.${key}`, variable: variableName(`${name}_${key}`) })
  }
  const args: unknown = entry['args']
  if (Array.isArray(args)) {
    args.forEach((arg: unknown, index) => {
      const before = String(args[index - 1] ?? '')
      const [option = before.startsWith('-') ? before : '', value = String(arg)] = /^(--?[\w-]+)=(.+)$/s.exec(String(arg))?.slice(1) ?? []
      if (looksSecret(option, value)) found.push({ key: `args[${index}]`, variable: variableName(`${name}_${option === '' ? 'SECRET' : option}`) })
    })
  }
  return found.map(({ key, variable }) => `${name}.${key}: looks like a secret; better write \${${variable}} and set the variable ${variable}, or ${variable}_FILE`)
}

/** An identifier that resembles the text: upper case, with single underscores. */
export function variableName (text: string): string {
  const name = text.toUpperCase().replace(/[^A-Z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return /^[A-Z]/.test(name) ? name : `VALUE_${name}`
}
