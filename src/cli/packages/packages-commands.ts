import { findOutdated, installLocked, lockServers, rollBack } from '../../packages/index.ts'
import type { PackageAge } from '../../packages/index.ts'
import type { Command } from '../command.ts'
import { CONFIG_OPTION, outcomeLines, runPackages } from './run-packages.ts'

/** `drawbridge packages lock` */
const lockCommand: Command = {
  name: 'packages lock',
  summary: 'Resolve and install the packages of npx, uvx and similar servers, and write their lock file.',
  description: [
    'For every server that npx, npm exec, pnpm dlx, bunx, yarn dlx, uvx, uv tool run or pipx run would start: finds the',
    'exact version of each package and of all that it needs, installs them into the store, and records them with their',
    'integrity in the lock file beside the configuration. What is locked already stays as it is. Install scripts run only',
    'for packages in allowScripts. From then on such a server is started from the store, without its launcher.'
  ].join('\n'),
  options: { config: CONFIG_OPTION },
  examples: ['drawbridge packages lock --config gateway.yaml'],
  run: async (args, io) => await runPackages('packages lock', args, io, async ({ servers, context }) => outcomeLines(await lockServers(servers, () => false, context), context))
}

/** `drawbridge packages install` */
const installCommand: Command = {
  name: 'packages install',
  summary: 'Install exactly what the lock file says.',
  description: [
    'For deployments and fresh clones. Every archive is held to the hash in the lock, and the installed files to theirs;',
    'anything that differs ends the command, and nothing of it is kept. What is in the store already is verified, and put',
    'right if it was changed. Running gateways are not disturbed.'
  ].join('\n'),
  options: { config: CONFIG_OPTION },
  examples: ['drawbridge packages install --config gateway.yaml', 'DRAWBRIDGE_PACKAGES=/opt/drawbridge/packages drawbridge packages install -c gateway.yaml'],
  run: async (args, io) => await runPackages('packages install', args, io, async ({ servers, context }) => outcomeLines(await installLocked(servers, context), context))
}

/** `drawbridge packages outdated` */
const outdatedCommand: Command = {
  name: 'packages outdated',
  summary: 'List the locked packages of which there are newer versions.',
  description: 'Asks the registries, and changes nothing. Exits 0 whether or not there are any.',
  options: { config: CONFIG_OPTION, json: { type: 'boolean', help: 'Print one JSON array of { server, name, locked, latest }, of all packages.' } },
  examples: ['drawbridge packages outdated --config gateway.yaml'],
  run: async (args, io) => await runPackages('packages outdated', args, io, async ({ servers, context }) => {
    const ages = await findOutdated(servers, context)
    return args.flag('json') === true ? `${JSON.stringify(ages, null, 2)}\n` : outdatedLines(ages)
  })
}

function outdatedLines (ages: readonly PackageAge[]): string {
  const old = ages.filter(({ locked, latest }) => locked !== latest)
  if (old.length === 0) return 'Every package is of the newest version.\n'
  const width = Math.max(...old.map(({ server }) => server.length))
  return old.map(({ server, name, locked, latest }) => `  ${server.padEnd(width)}  ${name}  ${locked ?? 'not locked'} -> ${latest}\n`).join('')
}

/** `drawbridge packages update` */
const updateCommand: Command = {
  name: 'packages update',
  summary: 'Resolve packages anew, install them beside the old ones, and switch the lock.',
  description: [
    'For all servers, or for those that are named. The versions that the entries ask for are resolved as of now: with an',
    'exact version that is its dependencies; a new version is first written into the entry. Workers that run keep what they',
    'have; the next start of a running gateway takes the new one. The lock keeps the old one for a rollback.'
  ].join('\n'),
  options: { config: CONFIG_OPTION },
  words: { name: 'SERVER', atLeast: 0 },
  examples: ['drawbridge packages update --config gateway.yaml', 'drawbridge packages update --config gateway.yaml fetch'],
  run: async (args, io) => await runPackages('packages update', args, io, async ({ servers, named, context }) => outcomeLines(await lockServers(servers, (server) => named.length === 0 || named.includes(server), context), context))
}

/** `drawbridge packages rollback` */
const rollbackCommand: Command = {
  name: 'packages rollback',
  summary: 'Go back to the packages that a server had before its last update.',
  description: [
    'Switches the lock between the current and the previous packages of the named servers; doing it twice changes nothing.',
    'The entry may name a newer version by then: until the next update the lock wins. The next start of a running gateway',
    'follows.'
  ].join('\n'),
  options: { config: CONFIG_OPTION },
  words: { name: 'SERVER', atLeast: 1 },
  examples: ['drawbridge packages rollback --config gateway.yaml fetch'],
  run: async (args, io) => await runPackages('packages rollback', args, io, async ({ named, context }) => outcomeLines(await rollBack(named, context), context))
}

/** `drawbridge packages …`, in the order of the help. */
export const packagesCommands: readonly Command[] = [lockCommand, installCommand, outdatedCommand, updateCommand, rollbackCommand]
