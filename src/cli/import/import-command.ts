import { writeFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { stringify } from 'yaml'
import { loadSettings, readConfigFile } from '../../../config/index.ts'
import type { ConfigFault } from '../../../config/index.ts'
import type { CliIo, Command, CommandArgs } from '../command.ts'
import { counted, faultLines, warningLines } from '../fault-lines.ts'
import { clientEntries } from './client-file.ts'
import type { ClientEntry } from './client-file.ts'
import { mergeEntries } from './merge-entries.ts'

/** `drawbridge import` */
export const importCommand: Command = {
  name: 'import',
  summary: 'Turn the files of Claude Desktop, Cursor, VS Code or mcp-proxy into one gateway file.',
  description: [
    'Takes the servers of every FILE, in JSON or YAML. Keys that only a client understands are left out, disabled servers',
    'stay disabled, inputs of VS Code become environment variables. The result goes to stdout, or to --out; notes, such as',
    'on secrets that should not stand in a file, go to stderr. Exits 1 if the result would not pass drawbridge check.'
  ].join('\n'),
  options: {
    out: { type: 'string', short: 'o', value: 'FILE', help: 'Write here, readable by the owner only; YAML if the name ends in .yaml or .yml.', default: 'stdout, as JSON' },
    force: { type: 'boolean', help: 'Replace the file of --out if it exists.' }
  },
  words: { name: 'FILE', atLeast: 1 },
  examples: ['drawbridge import ~/.config/Claude/claude_desktop_config.json --out gateway.yaml', 'drawbridge import .cursor/mcp.json .vscode/mcp.json > gateway.json'],
  run: importFiles
}

async function importFiles (args: CommandArgs, io: CliIo): Promise<number> {
  const read = readAll(args.words, io)
  if (read.faults.length > 0) {
    io.stderr.write(faultLines(read.faults))
    return 1
  }
  const { servers, notes } = mergeEntries(read.entries)
  const document = { mcpServers: Object.fromEntries(servers) }
  io.stderr.write(notes.map((note) => `note: ${note}\n`).join(''))
  const checked = await loadSettings({ document, env: withPlaceholders(document, io.env), cwd: io.cwd })
  if (!checked.ok) {
    io.stderr.write(`${faultLines(checked.error)}drawbridge import: nothing written, ${counted(checked.error.length, 'fault')} in the result\n`)
    return 1
  }
  io.stderr.write(warningLines(checked.value.warnings))
  return writeResult(document, args, io)
}

function readAll (files: readonly string[], io: CliIo): { entries: ClientEntry[], faults: ConfigFault[] } {
  const entries: ClientEntry[] = []
  const faults: ConfigFault[] = []
  for (const file of files) {
    const data = readConfigFile(resolve(io.cwd, file), file)
    const found = data.ok ? clientEntries(file, data.value) : undefined
    if (!data.ok) faults.push(...data.error)
    else if (found === undefined) faults.push({ file, key: 'mcpServers', message: 'expected the servers of a client under mcpServers (Claude, Cursor, mcp-proxy), servers or mcp.servers (VS Code)' })
    else entries.push(...found)
  }
  return { entries, faults }
}

/** Variables that are not set yet are no reason to refuse the file: they are to be set where the gateway runs. */
function withPlaceholders (document: unknown, env: CliIo['env']): CliIo['env'] {
  const found = [...JSON.stringify(document).matchAll(/(.)\$\{(?:env:)?([A-Za-z_]\w*)\}/g)].map(([, before = '', name = '']) => [name, placeholderAfter(before)] as const)
  return { ...Object.fromEntries(found), ...withoutOurs(env) }
}

/** Something that also makes a URL where the variable is all of it, its port, or its host. */
function placeholderAfter (before: string): string {
  if (before === ':') return '1'
  return before === '"' ? 'https://placeholder.invalid' : 'placeholder.invalid'
}

/** The gateway's own variables say nothing about the imported file. */
function withoutOurs (env: CliIo['env']): CliIo['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('DRAWBRIDGE_') && !['HOST', 'PORT', 'LOG_LEVEL', 'REDIS_URL'].includes(name)))
}

function writeResult (document: unknown, args: CommandArgs, io: CliIo): number {
  const out = args.text('out')
  const asYaml = out !== undefined && /^\.ya?ml$/i.test(extname(out))
  const text = asYaml ? stringify(document) : `${JSON.stringify(document, null, 2)}\n`
  if (out === undefined) {
    io.stdout.write(text)
    return 0
  }
  try {
    writeFileSync(resolve(io.cwd, out), text, { flag: args.flag('force') === true ? 'w' : 'wx', mode: 0o600 })
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    io.stderr.write(`drawbridge import: ${code === 'EEXIST' ? `${out} exists already; use --force to replace it` : `cannot write ${out} (${code})`}\n`)
    return 1
  }
  io.stderr.write(`written to ${out}; next: drawbridge check --config ${out}\n`)
  return 0
}
