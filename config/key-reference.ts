interface KeyNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly KeyNode[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, KeyNode>>
  readonly additionalProperties?: boolean | KeyNode
  readonly items?: KeyNode
  readonly required?: readonly string[]
}

const START = '<!-- keys: written by `npm run schema`, do not edit -->'
const END = '<!-- /keys -->'

/** A table of every key of the schema, for docs/configuration.md. */
export function keyReference (schema: unknown): string {
  return ['| key | takes | default | what it does |', '|---|---|---|---|', ...rows(schema as KeyNode, '')].join('\n')
}

/** The document with the part between its marks replaced. */
export function replaceReference (document: string, reference: string): string {
  const start = document.indexOf(START)
  const end = document.indexOf(END)
  if (start === -1 || end < start) throw new Error(`docs/configuration.md lacks the marks ${START} and ${END}`)
  return `${document.slice(0, start + START.length)}\n${reference}\n${document.slice(end)}`
}

function rows (node: KeyNode, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, member]) => {
    const key = `${prefix}${name}`
    const required = node.required?.includes(name) === true
    return [row(key, member, required), ...nested(key, member)]
  })
}

/** `servers` repeats `mcpServers`; one listing is enough. */
function nested (key: string, member: KeyNode): string[] {
  if (key === 'servers') return []
  if (typeof member.additionalProperties === 'object') return rows(member.additionalProperties, `${key}.<name>.`)
  return member.items === undefined ? rows(member, `${key}.`) : rows(member.items, `${key}[].`)
}

function row (key: string, node: KeyNode, required: boolean): string {
  const fallback = required ? 'required' : node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``
  return `| \`${key}\` | ${takes(node)} | ${fallback} | ${cell(node.description ?? '')} |`
}

function takes (node: KeyNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (node.const !== undefined) return `\`${String(node.const)}\``
  if (node.anyOf !== undefined) return node.anyOf.map(takes).join(' or ')
  if (node.type === 'array') return node.items === undefined ? 'list' : `list of ${takes(node.items)}`
  if (node.type === 'integer') return `${node.minimum ?? ''}–${node.maximum ?? ''}`
  return node.type ?? 'anything'
}

function cell (text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
