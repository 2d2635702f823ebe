import type { Registry } from './types.ts'

/** A package of a registry, and which versions of it will do. */
export interface PackageSpec {
  readonly name: string
  /** As the registry's own tools write it: `@scope/name@^1`, `name[extra]==1.2`. */
  readonly text: string
}

/** No path, URL, alias or Git address: no colon and no slash behind the name. */
const NPM = /^((?:@[\w.~-]+\/)?[\w.~-]+)(?:@([\w.+^~<>=*| -]+))?$/
/** PEP 508 without URL and markers; `name@1.2` is how uvx writes `name==1.2`. */
const PYPI = /^([A-Za-z0-9][\w.-]*)\s*(\[[\w\s,.-]*\])?\s*(?:@([\w.+!-]+)|((?:===?|~=|!=|[<>]=?)[\w.+!*,<>=~ -]+))?$/

/** Reads a spec that a launcher takes; `undefined` = it names something else than a package of the registry. */
export function readSpec (registry: Registry, written: string): PackageSpec | undefined {
  if (registry === 'npm') {
    const [, name] = NPM.exec(written) ?? []
    return name === undefined || name.startsWith('.') || name.startsWith('-') ? undefined : { name, text: written }
  }
  const [, name, extras = '', at, range = ''] = PYPI.exec(written) ?? []
  if (name === undefined) return undefined
  const version = at === undefined ? range : at === 'latest' ? '' : `==${at}`
  return { name, text: `${name}${extras}${version}`.replaceAll(/\s/g, '') }
}

/** One spelling of a Python distribution's name (PEP 503). */
export function normalName (name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}
