/** The attribute in which a reader names what the store cut, where only the store's limit shows it. */
export const cutAttributes = "tuneup.truncated";
