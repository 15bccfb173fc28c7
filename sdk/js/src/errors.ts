/**
 * Why a sealed request failed.
 *
 * - `unreachable`: nothing was answered.
 * - `key-mismatch`: the host shows another key configuration than the pinned or verified one. Nothing was sent.
 * - `key-unsupported`: the key configuration is malformed, or has no P-256 key with HKDF-SHA256 and AES-GCM. Nothing was sent.
 * - `not-verified`: the verifier service gave no valid answer. Nothing was sent.
 * - `key-unknown`: the server says that it does not hold the key. Ask for fresh evidence, or pin the new key.
 * - `unauthenticated`: something answered that holds no key: a proxy, or a server that could not open the request. It is never shown as an answer.
 * - `not-opened`: a chunk of the answer is not what the server sealed, or not where it sealed it.
 * - `truncated`: the answer ended, or the connection broke, before the final chunk. What was read of it so far is genuine, and not all.
 * - `malformed`: the opened bytes are no Binary HTTP response.
 * - `too-large`: a chunk, the headers or the whole answer exceed their limit.
 */
export type SealedRequestErrorCode =
  | "unreachable" | "key-mismatch" | "key-unsupported" | "not-verified" | "key-unknown"
  | "unauthenticated" | "not-opened" | "truncated" | "malformed" | "too-large";

/** A sealed request that has no answer, or none that can be trusted. */
export class SealedRequestError extends Error {
  override readonly name = "SealedRequestError";

  constructor(readonly code: SealedRequestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
