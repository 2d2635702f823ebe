import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { parseDocument } from 'yaml'
import type { Place, Report } from '../fault.ts'
import { findDuplicateKeys } from './json-duplicates.ts'

/** Configurations are small; a file beyond this is not one. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/**
 * Reads and parses one file: YAML for .yaml and .yml, JSON otherwise.
 * @param askedBy where the file was named, for the fault when it cannot be read
 * @returns the data, or `undefined` after a fault
 */
export function readDocument (path: string, file: string, askedBy: Place, report: Report): Record<string, unknown> | undefined {
  const text = readText(path, file, askedBy, report)
  if (text === undefined) return undefined
  const data = /^\.ya?ml$/i.test(extname(path)) ? parseYaml(text, file, report) : parseJson(text, file, report)
  if (data === undefined) return undefined
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as Record<string, unknown>
  report.fault({ file, path: ['mcpServers'] }, 'expected the file to hold an object with mcpServers')
  return undefined
}

function readText (path: string, file: string, askedBy: Place, report: Report): string | undefined {
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_FILE_BYTES) throw Object.assign(new Error('too large'), { code: 'larger than 16 MiB' })
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.startsWith('\uFEFF') ? text.slice(1) : text
  } catch (cause) {
    report.fault(askedBy, `cannot read ${file}: ${reason(cause)}`)
    return undefined
  }
}

function reason (cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  switch (code) {
    case 'ENOENT': return 'there is no such file'
    case 'EACCES': return 'permission denied'
    case 'EISDIR': return 'it is a directory'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA': return 'it is not UTF-8 text'
    default: return code
  }
}

function parseJson (text: string, file: string, report: Report): unknown {
  try {
    const data: unknown = JSON.parse(text)
    for (const path of findDuplicateKeys(text)) report.fault({ file, path }, 'the key is written twice; keys must be unique')
    return data
  } catch (cause) {
    report.fault({ file, path: ['(JSON)'] }, `expected valid JSON: ${jsonProblem(text, (cause as Error).message)}`)
    return undefined
  }
}

/** JSON.parse quotes a piece of the text, which may hold a secret, and leaves out the line then; the line is what helps. */
function jsonProblem (text: string, message: string): string {
  const problem = message.replace(/, (?:\.\.\.)?"[\s\S]*$/, '').replaceAll('\n', ' ')
  return problem.startsWith(UNEXPECTED) && !problem.includes('line') ? `${problem} (line ${lineOfUnexpected(text)})` : problem
}

const UNEXPECTED = 'Unexpected token'

/** The first line whose end already brings the error: text cut off earlier fails in another way, at its end. */
function lineOfUnexpected (text: string): number {
  const lines = text.split('\n')
  let low = 1
  let high = lines.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (failsUnexpectedly(lines.slice(0, middle).join('\n'))) high = middle
    else low = middle + 1
  }
  return low
}

function failsUnexpectedly (text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (cause) {
    return (cause as Error).message.startsWith(UNEXPECTED)
  }
}

function parseYaml (text: string, file: string, report: Report): unknown {
  const document = parseDocument(text, { uniqueKeys: true, merge: true, prettyErrors: false, version: '1.2' })
  for (const error of document.errors) {
    const { line, column } = lineOf(text, error.pos[0])
    report.fault({ file, path: ['(YAML)'] }, `expected valid YAML: ${error.message.split('\n')[0] ?? ''} (line ${line}, column ${column})`)
  }
  if (document.errors.length > 0) return undefined
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    report.fault({ file, path: ['(YAML)'] }, `expected valid YAML: ${(cause as Error).message}`)
    return undefined
  }
}

function lineOf (text: string, offset: number): { line: number, column: number } {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { line, column: offset - before.lastIndexOf('\n') }
}
