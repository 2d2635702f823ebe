import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'

/** An OpenAPI document, as far as tests look at it. */
export interface OpenapiDocument {
  readonly openapi: string
  readonly servers: ReadonlyArray<{ readonly url: string }>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly responses: Readonly<Record<string, ResponseObject>>, readonly schemas: Readonly<Record<string, unknown>> }
}

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly tags: readonly string[]
  readonly security?: readonly unknown[]
  readonly parameters?: ReadonlyArray<{ readonly name: string, readonly in: string, readonly description?: string }>
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, ResponseObject | { readonly $ref: string }>>
  readonly 'x-aliases'?: readonly string[]
}

export interface ResponseObject {
  readonly description: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, Media>>
}

interface Media { readonly schema: unknown, readonly examples?: Readonly<Record<string, { readonly value: unknown }>> }

/** An answer as it came. */
export interface Answered { readonly status: number, readonly headers: Readonly<Record<string, unknown>>, body (): string }

/** What a document promises, to hold answers and examples against. */
export interface Contract {
  operation (method: string, path: string): Operation
  /** @throws unless an answer of this operation may look so: status, media type, headers that are promised to refusals, and body */
  answered (method: string, path: string, answer: Answered): void
  /** @throws unless the value is what a schema somewhere in the document asks for. @param pointer JSON pointer of the schema */
  fits (pointer: string, value: unknown, what: string): void
}

export function contractOf (document: OpenapiDocument): Contract {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema({ $id: 'openapi', ...document })
  const fits = (pointer: string, value: unknown, what: string): void => {
    const validate = ajv.compile({ $ref: `openapi#${pointer}` })
    assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`)
  }
  const operation = (method: string, path: string): Operation => {
    const found = document.paths[path]?.[method.toLowerCase()]
    assert.ok(found, `${method} ${path} is in the document`)
    return found
  }
  return {
    operation,
    fits,
    answered (method, path, answer) {
      const what = `${method} ${path} -> ${answer.status}`
      const response = operation(method, path).responses[answer.status]
      assert.ok(response, `${what} is not documented`)
      const pointer = '$ref' in response ? response.$ref.slice(1) : `/paths/${escaped(path)}/${method.toLowerCase()}/responses/${answer.status}`
      const { content, headers = {} } = '$ref' in response ? document.components.responses[response.$ref.split('/').at(-1) ?? ''] ?? { description: '' } : response
      for (const name of Object.keys(headers).filter((name) => !OPTIONAL.has(name))) assert.ok(answer.headers[name.toLowerCase()] !== undefined, `${what} has ${name}`)
      if (content === undefined) return assert.equal(answer.body(), '', what)
      const mediaType = String(answer.headers['content-type']).split(';')[0] ?? ''
      assert.ok(content[mediaType], `${what}: ${mediaType} is not documented`)
      fits(`${pointer}/content/${escaped(mediaType)}/schema`, mediaType === 'application/json' ? JSON.parse(answer.body()) : answer.body(), what)
    }
  }
}

/** Only some answers of their status carry these. */
const OPTIONAL = new Set(['Mcp-Session-Id', 'WWW-Authenticate', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'])

/** A part of a JSON pointer, in a URI fragment. */
export function escaped (part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}
