import type { CliIo, Command, CommandArgs } from './command.ts'
import { EXIT_USAGE } from './command.ts'
import { createKey, randomKeyId } from './create-key.ts'

/** `drawbridge keys create` */
export const keysCreateCommand: Command = {
  name: 'keys create',
  summary: 'Make an API key and the configuration entry that stores its hash.',
  description: [
    'Prints the key once, on stdout: hand it to whoever is to use it. Only its SHA-256 goes into the configuration, in',
    'auth.apiKeys; the key cannot be had from it again. Nothing is written to any file.'
  ].join('\n'),
  options: {
    tenant: { type: 'string', value: 'TENANT', required: true, help: 'Tenant that the key belongs to.' },
    user: { type: 'string', value: 'USER', required: true, help: 'User that the key stands for.' },
    scope: { type: 'string', value: 'SCOPE', multiple: true, help: 'tools:read, tools:call, tools:call:<pattern>, resources:read, prompts:read or *.', default: 'no scopes in the entry, which means all' },
    id: { type: 'string', value: 'ID', help: 'Id of the key, 1 to 32 characters of a-z and 0-9; appears in logs.', default: '12 random characters' },
    'calls-per-minute': { type: 'string', value: 'N', help: 'Rate limit of this key, besides the user\'s own.', default: 'none' },
    json: { type: 'boolean', help: 'Print one JSON object: { key, entry }.' }
  },
  examples: ['drawbridge keys create --tenant acme --user alice', 'drawbridge keys create --tenant acme --user reports --scope tools:read --scope "tools:call:fetch__*" --id reports'],
  run: createKeyEntry
}

async function createKeyEntry (args: CommandArgs, io: CliIo): Promise<number> {
  const id = args.text('id') ?? randomKeyId()
  const limit = args.text('calls-per-minute')
  const complaint = complaintOf(id, args, limit)
  if (complaint !== undefined) {
    io.stderr.write(`drawbridge keys create: ${complaint}\n`)
    return EXIT_USAGE
  }
  const { key, sha256 } = createKey(id)
  const scopes = args.texts('scope')
  const entry = {
    id,
    sha256,
    tenant: args.text('tenant'),
    user: args.text('user'),
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(limit === undefined ? {} : { callsPerMinute: Number(limit) })
  }
  io.stdout.write(args.flag('json') === true
    ? `${JSON.stringify({ key, entry }, null, 2)}\n`
    : `Key, shown this once:\n\n  ${key}\n\nEntry for auth.apiKeys (JSON, and YAML as it is):\n\n  ${JSON.stringify(entry)}\n`)
  return 0
}

function complaintOf (id: string, args: CommandArgs, limit: string | undefined): string | undefined {
  if (!/^[a-z0-9]{1,32}$/.test(id)) return 'option --id expects 1 to 32 characters of a-z and 0-9'
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit)) return 'option --calls-per-minute expects a whole number from 1'
  for (const name of ['tenant', 'user']) {
    if (!/^\P{Cc}{1,256}$/u.test(args.text(name) ?? '')) return `option --${name} expects 1 to 256 characters without control characters`
  }
  return undefined
}
