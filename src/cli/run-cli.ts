import { nearest } from '../../config/index.ts'
import { auditVerifyCommand } from './audit/verify-command.ts'
import { checkCommand } from './check-command.ts'
import { EXIT_USAGE } from './command.ts'
import type { CliIo, Command } from './command.ts'
import { doctorCommand } from './doctor/doctor-command.ts'
import { commandHelp, overviewHelp } from './help.ts'
import { importCommand } from './import/import-command.ts'
import { keysCreateCommand } from './keys-create-command.ts'
import { packagesCommands } from './packages/packages-commands.ts'
import { parseCommand } from './parse-command.ts'
import { serveCommand } from './serve/serve-command.ts'

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [serveCommand, checkCommand, importCommand, keysCreateCommand, ...packagesCommands, auditVerifyCommand, doctorCommand]

/**
 * Runs one command line.
 * @param argv the words after the program's name
 * @returns the exit code: 0 done, 1 refused or failed, 2 not understood
 */
export async function runCli (argv: readonly string[], io: CliIo): Promise<number> {
  const [first = 'help'] = argv
  if (['help', '--help', '-h'].includes(first)) return showHelp(argv.slice(1), io)
  if (['--version', '-v', 'version'].includes(first)) {
    io.stdout.write(`${io.version}\n`)
    return 0
  }
  const command = findCommand(argv)
  if (command === undefined) return unknownCommand(argv, io)
  const parsed = parseCommand(command, argv.slice(command.name.split(' ').length))
  if (!parsed.ok) {
    io.stderr.write(`drawbridge ${command.name}: ${parsed.error} (see drawbridge ${command.name} --help)\n`)
    return EXIT_USAGE
  }
  if (parsed.value.flag('help') !== undefined) {
    io.stdout.write(commandHelp(command))
    return 0
  }
  return await command.run(parsed.value, io)
}

function findCommand (argv: readonly string[]): Command | undefined {
  return COMMANDS.find(({ name }) => name.split(' ').every((word, index) => argv[index] === word))
}

function showHelp (words: readonly string[], io: CliIo): number {
  const command = findCommand(words)
  if (command === undefined && words.length > 0 && !words.every((word) => word.startsWith('-'))) return unknownCommand(words, io)
  io.stdout.write(command === undefined ? overviewHelp(COMMANDS) : commandHelp(command))
  return 0
}

function unknownCommand (argv: readonly string[], io: CliIo): number {
  const [first = ''] = argv
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length > 0) {
    if (argv.includes('--help') || argv.includes('-h')) {
      io.stdout.write(group.map(commandHelp).join('\n'))
      return 0
    }
    io.stderr.write(`drawbridge ${first}: expected ${group.map(({ name }) => `drawbridge ${name}`).join(' or ')} (see drawbridge help)\n`)
    return EXIT_USAGE
  }
  const near = nearest(first, [...COMMANDS.map(({ name }) => name.split(' ')[0] ?? name), 'help'])
  io.stderr.write(`drawbridge: unknown command ${JSON.stringify(first)}${near === undefined ? '' : `; did you mean ${near}?`} (see drawbridge help)\n`)
  return EXIT_USAGE
}
