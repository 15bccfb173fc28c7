export { type InferenceAnswer, type JsonTensor, SealedClient, type SealedClientOptions, type SealedRequestInit, SealedResponse, ServingError } from "./client.js";
export { SealedRequestError, type SealedRequestErrorCode } from "./errors.js";
