import type { Command, OptionSpec } from './command.ts'
import { allOptions } from './parse-command.ts'

/** Width that fits a plain terminal window. */
const WIDTH = 100

/** The text of `drawbridge <command> --help`. */
export function commandHelp (command: Command): string {
  const words = command.words === undefined ? '' : ` ${command.words.name}...`
  const options = Object.entries(allOptions(command)).map(([name, spec]): [string, string] => [optionSyntax(name, spec), optionHelp(spec)])
  return [
    `${command.summary}`,
    '',
    `Usage: drawbridge ${command.name}${requiredSyntax(command)} [options]${words}`,
    '',
    command.description,
    '',
    'Options:',
    ...columns(options),
    '',
    command.examples.length === 1 ? 'Example:' : 'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    ''
  ].join('\n')
}

/** The text of `drawbridge help`. */
export function overviewHelp (commands: readonly Command[]): string {
  return [
    'Drawbridge serves MCP servers to many users over HTTP.',
    '',
    'Usage: drawbridge <command> [options]',
    '',
    'Commands:',
    ...columns([...commands.map(({ name, summary }): [string, string] => [name, summary]), ['help [COMMAND]', 'Show this text, or that of a command.']]),
    '',
    'Options:',
    ...columns([['-h, --help', 'Show this text, or that of a command.'], ['-v, --version', 'Show the version.']]),
    '',
    'Without a configuration, drawbridge serve starts the quick start: real servers, a development key, no set-up.',
    ''
  ].join('\n')
}

function requiredSyntax (command: Command): string {
  return Object.entries(command.options).filter(([, spec]) => spec.required === true).map(([name, spec]) => ` --${name} ${spec.value ?? 'VALUE'}`).join('')
}

function optionSyntax (name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `
  return `${short}--${name}${spec.type === 'string' ? ` ${spec.value ?? 'VALUE'}` : ''}`
}

function optionHelp (spec: OptionSpec): string {
  const notes = [spec.required === true ? 'Required.' : '', spec.multiple === true ? 'May be given several times.' : '', spec.default === undefined ? '' : `Default: ${spec.default}.`]
  return [spec.help, ...notes].filter((part) => part !== '').join(' ')
}

function columns (rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4
  return rows.flatMap(([name, text]) => wrap(text, WIDTH - left).map((line, index) => `${(index === 0 ? `  ${name}` : '').padEnd(left)}${line}`))
}

function wrap (text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length + 1 > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
