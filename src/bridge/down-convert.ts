import { hasFeature, isJsonObject, type JsonObject, type LegacyRevision } from '../protocol/index.ts'

/**
 * Makes a result readable for a client whose revision lacks some content types: servers are spoken to in the newest
 * legacy revision, whatever the client speaks (protocol revisions' changelogs). Unknown members are left alone, clients
 * ignore them; only blocks that older clients reject become text. By reference when nothing has to change.
 */
export function downConvert (method: string, result: unknown, revision: LegacyRevision): unknown {
  if (revision === '2025-11-25' || revision === '2025-06-18' || !isJsonObject(result)) return result
  if (method === 'tools/call') return withContent(result, 'content', (block) => asKnownBlock(block, revision))
  if (method === 'prompts/get') return withContent(result, 'messages', (message) => convertMessage(message, revision))
  return result
}

function withContent (result: JsonObject, member: string, convert: (item: unknown) => unknown): JsonObject {
  const items = result[member]
  if (!Array.isArray(items)) return result
  const converted = items.map(convert)
  return converted.some((item, index) => item !== items[index]) ? { ...result, [member]: converted } : result
}

function convertMessage (message: unknown, revision: LegacyRevision): unknown {
  if (!isJsonObject(message)) return message
  const content = asKnownBlock(message['content'], revision)
  return content === message['content'] ? message : { ...message, content }
}

function asKnownBlock (block: unknown, revision: LegacyRevision): unknown {
  if (!isJsonObject(block)) return block
  if (block['type'] === 'resource_link' && !hasFeature(revision, 'resourceLinks')) return { type: 'text', text: linkText(block) }
  if (block['type'] === 'audio' && !hasFeature(revision, 'audio')) return { type: 'text', text: `[audio ${String(block['mimeType'] ?? '')} left out: this client's protocol revision has no audio]` }
  return block
}

function linkText (block: JsonObject): string {
  const label = [block['title'] ?? block['name'], block['description']].filter((part) => typeof part === 'string').join(': ')
  return label === '' ? String(block['uri']) : `${label} <${String(block['uri'])}>`
}
