import { parseArgs } from 'node:util'
import { nearest } from '../../config/index.ts'
import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import type { Command, CommandArgs, OptionSpec } from './command.ts'

/** `--help` and its short form work everywhere. */
const HELP: OptionSpec = { type: 'boolean', short: 'h', help: 'Show this text.' }

/** The options of a command, with `--help`. */
export function allOptions (command: Command): Readonly<Record<string, OptionSpec>> {
  return { ...command.options, help: HELP }
}

/** Reads the words after the command's name. The error is one line for the user. */
export function parseCommand (command: Command, argv: readonly string[]): Result<CommandArgs, string> {
  const options = allOptions(command)
  const { tokens } = parseArgs({ args: [...argv], options: syntaxOf(options), strict: false, allowPositionals: true, tokens: true })
  const values = new Map<string, (string | boolean)[]>()
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const read = readOption(options, token)
    if (!read.ok) return read
    values.set(read.value.name, [...values.get(read.value.name) ?? [], read.value.value])
  }
  return complaintOf(command, options, values, words) ?? ok(argsOf(values, words))
}

function syntaxOf (options: Readonly<Record<string, OptionSpec>>) {
  return Object.fromEntries(Object.entries(options).map(([name, { type, short, multiple }]) => [name, { type, ...(short === undefined ? {} : { short }), ...(multiple === true ? { multiple } : {}) }]))
}

interface OptionToken { readonly name: string, readonly rawName: string, readonly value?: string | undefined }

function readOption (options: Readonly<Record<string, OptionSpec>>, token: OptionToken): Result<{ name: string, value: string | boolean }, string> {
  const positive = token.name.replace(/^no-/, '')
  const negated = !Object.hasOwn(options, token.name) && Object.hasOwn(options, positive) && options[positive]?.type === 'boolean'
  const name = negated ? positive : token.name
  const spec = Object.hasOwn(options, name) ? options[name] : undefined
  if (spec === undefined) {
    const near = nearest(token.name, Object.keys(options))
    return refuse(`unknown option ${token.rawName}${near === undefined ? '' : `; did you mean --${near}?`}`)
  }
  if (spec.type === 'boolean') return token.value === undefined ? ok({ name, value: !negated }) : refuse(`option --${name} takes no value`)
  if (token.value === undefined || token.value === '') return refuse(`option --${name} needs a value: --${name} ${spec.value ?? 'VALUE'}`)
  return ok({ name, value: token.value })
}

function complaintOf (command: Command, options: Readonly<Record<string, OptionSpec>>, values: ReadonlyMap<string, readonly (string | boolean)[]>, words: readonly string[]) {
  if (values.has('help')) return undefined
  for (const [name, spec] of Object.entries(options)) {
    if (spec.required === true && !values.has(name)) return refuse(`option --${name} ${spec.value ?? ''} is required`.replace('  ', ' '))
    if (spec.multiple !== true && (values.get(name)?.length ?? 0) > 1) return refuse(`option --${name} was given twice`)
  }
  if (command.words === undefined && words.length > 0) return refuse(`unexpected argument ${JSON.stringify(words[0])}`)
  if (command.words !== undefined && words.length < command.words.atLeast) return refuse(`expected at least ${command.words.atLeast} ${command.words.name}`)
  return undefined
}

function argsOf (values: ReadonlyMap<string, readonly (string | boolean)[]>, words: readonly string[]): CommandArgs {
  const texts = (name: string) => (values.get(name) ?? []).filter((value) => typeof value === 'string')
  return {
    text: (name) => texts(name)[0],
    texts,
    flag: (name) => { const value = values.get(name)?.[0]; return typeof value === 'boolean' ? value : undefined },
    words
  }
}
