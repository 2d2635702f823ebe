import { basename } from 'node:path'
import { isEngine } from '../../src/sandbox/index.ts'
import { pathsIn } from '../../src/shared/path-texts.ts'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { ServerEntry } from '../schema/server-entry.ts'
import { checkEngineFlags } from './engine-checks.ts'

type Mode = 'development' | 'production'

/**
 * What of an entry's sandbox can be judged without the host: levels weaker than production mode allows unless they are named
 * (rulings 1), keys that fit no level, and containers that are open to the host (T43, T62).
 */
export function checkSandbox (entry: ServerEntry, mode: Mode, place: Place, report: Report): void {
  const { level, network, image } = entry.sandbox ?? {}
  const at = within(place, 'sandbox', 'level')
  const engine = isEngine(entry.command ?? '')
  if (mode === 'production' && !engine && (level === 'none' || level === 'process')) {
    report.warn(at, `is "${level}", so nothing keeps the server's code from the network and the files of this machine that ${level === 'none' ? 'the gateway\'s' : 'its'} user can reach`)
  }
  if (engine) {
    if (level === 'namespace' || level === 'process') report.fault(at, `expected container, none or auto, because "${level}" keeps ${basename(entry.command ?? '')} from its daemon`)
    checkEngineFlags(entry.args ?? [], mode, within(place, 'args'), report)
    return
  }
  if (level !== 'none' && level !== 'process') checkSharedFiles(entry, mode, place, report)
  if (level === 'container') {
    if (image === undefined) report.fault(within(place, 'sandbox', 'image'), 'expected the image that has the command, because the level is container, but the key is missing')
    if (network !== 'none' && network !== 'full' && network?.length !== 0) report.fault(within(place, 'sandbox', 'network'), 'expected none or full, because level container has no guarded proxy')
  }
}

/** A worker is shown the directory that its data is in; with the template in the file's own name that one holds everybody's files. */
function checkSharedFiles (entry: ServerEntry, mode: Mode, place: Place, report: Report): void {
  const texts: Array<[string, Place]> = [
    ...(entry.args ?? []).map((arg, index): [string, Place] => [arg, within(place, 'args', index)]),
    ...Object.entries(entry.env ?? {}).map(([name, value]): [string, Place] => [String(value), within(place, 'env', name)])
  ]
  for (const [text, at] of texts) {
    if (!pathsIn(text).some((path) => /\/[^/]*\{(?:tenant|user)\}[^/{}]*\.[A-Za-z0-9]+$/.test(path))) continue
    const advice = 'so each contained worker sees the files of the others: give each a directory, such as data/{tenant}/{user}/file'
    if (mode === 'production') report.fault(at, `expected the template in a directory's name, not in the file's, ${advice}`)
    else report.warn(at, `has the template in the file's name, ${advice}`)
  }
}
