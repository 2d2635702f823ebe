import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { readLine } from './launcher-line.ts'
import type { LauncherLine } from './launcher-line.ts'
import { launcherOf } from './launchers.ts'
import type { Launcher } from './launchers.ts'
import { readSpec } from './package-spec.ts'
import type { PackageRequest } from './types.ts'

/** What of a server entry says which packages it runs. */
export type LaunchEntry = Pick<ServerSettings, 'command' | 'args' | 'allowScripts'>

/**
 * What a launcher command asks of the store; `undefined` = it is no package launcher.
 * @returns refused, in words that go behind "the package store cannot hold it:", when the store cannot express the command
 */
export function packageRequestOf (entry: LaunchEntry): Result<PackageRequest, string> | undefined {
  const found = launcherOf(entry.command, entry.args)
  if (found === undefined) return undefined
  const { launcher } = found
  const line = readLine(launcher, found.rest)
  const odd = line.options.find(({ name }) => !launcher.harmless.has(name) && !launcher.pythonOptions.includes(name))
  if (odd !== undefined) return refuse(`${odd.name} is an option that means nothing to it`)
  if (line.first === undefined) return refuse(line.chosen.length === 0 ? 'the command names no package' : 'the command names no program of its packages')
  const specs: string[] = []
  for (const written of [...line.chosen.length === 0 ? [line.first] : line.chosen, ...line.extra]) {
    const spec = readSpec(launcher.registry, written)
    if (spec === undefined) return refuse(`${written} is not a package and version of a registry`)
    specs.push(spec.text)
  }
  return ok({ registry: launcher.registry, specs, ...programOf(line), ...pythonOf(launcher, line), args: line.args, allowScripts: [...entry.allowScripts].sort() })
}

function programOf (line: LauncherLine): { program?: string } {
  return line.chosen.length === 0 || line.first === undefined ? {} : { program: line.first }
}

function pythonOf (launcher: Launcher, line: LauncherLine): { python?: string } {
  const python = line.options.findLast(({ name }) => launcher.pythonOptions.includes(name))?.value
  return python === undefined ? {} : { python }
}
