import { readJson } from '../shared/read-json.ts'
import { askText, type TextAsk } from './ask-text.ts'
import type { Outbound } from './types.ts'

/**
 * The JSON of a 200; any other status is wrong.
 * @throws as {@link askText} does
 */
export async function askJson (outbound: Outbound, ask: Omit<TextAsk, 'onlyStatus'>): Promise<unknown> {
  const { text } = await askText(outbound, { ...ask, onlyStatus: 200 })
  try {
    return readJson(text)
  } catch {
    // What the parser says quotes the body.
    throw new Error('the answer is not JSON')
  }
}
