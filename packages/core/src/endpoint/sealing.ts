// What a transport brings that can authenticate datagrams. How they are checked on arrival is in unseal.ts.

/**
 * Authentication of datagrams by means of the transport: core knows no cryptography. A sealed datagram
 * is a frame and, behind it, a seal over every byte before it.
 */
export interface Sealing {
  /** The length of a seal, in bytes. */
  readonly sealBytes: number;
  /** Writes the seal into the last `sealBytes` of a datagram. */
  readonly seal: (datagram: Uint8Array<ArrayBuffer>) => void;
  /** Whether the last `sealBytes` of a datagram, which has that many, seal what is before them. */
  readonly open: (datagram: Uint8Array) => "opened" | SealFault;
}

/** Why a datagram is not authentic. */
export type SealFault =
  /** It bears no seal. */
  | "unsealed"
  /** Sealed with a key that is not accepted. */
  | "unknown-key"
  /** Forged, or damaged on its way. */
  | "bad-seal";
