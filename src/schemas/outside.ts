/** Thrown while a schema is compiled: it is none that may be run inline. Caught where compiling began. */
export const OUTSIDE = new Error('the schema is outside of what is run inline')
