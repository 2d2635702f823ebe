/** By this the owner of a request that was handed over learns the caller's address; believed on connections of other processes only. */
export const CLIENT_ADDRESS_HEADER = 'x-drawbridge-client-address'
