/** `application/json`, alone or with `charset=utf-8`; spaces around the semicolon, nothing else. */
const json = /^application\/json(?: *; *charset=(?:utf-8|"utf-8"))?$/i

/**
 * Is this Content-Type JSON in UTF-8, exactly? Anything a lenient parser might read otherwise is refused: tabs, leading
 * or trailing white space, other parameters, `application/jsonx`, an absent header (T32; RFC 8259 11). False = 415.
 */
export function isJsonMediaType (contentType: string | undefined): boolean {
  return contentType === 'application/json' || (contentType !== undefined && json.test(contentType))
}
