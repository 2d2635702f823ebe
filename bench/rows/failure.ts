/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** Its first line, for a line of progress. */
export const firstLineOf = (message: string): string => message.split('\n', 1)[0] ?? ''
