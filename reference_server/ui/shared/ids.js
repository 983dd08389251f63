// Ids as the API has them: prefix, 12 hex digits of time and counter, 14 random letters. They sort by time.
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
let last = 0n;

/** A new id, such as newId("msg"); later ones sort after earlier ones. */
export function newId(prefix) {
  const now = BigInt(Date.now()) * 4096n + 1n;
  last = now > last ? now : last + 1n;
  const time = (last & 0xffffffffffffn).toString(16).padStart(12, "0");
  const random = crypto.getRandomValues(new Uint8Array(14));
  return `${prefix}_${time}${Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join("")}`;
}
