/** Whether signals typed in Temporal's own tools may decide: their sender's identity is only a label. */
export interface SignalTrust {
  authentication: boolean;
  trusted: boolean;
}

export function signalsTrusted(trust: SignalTrust): boolean {
  return !trust.authentication || trust.trusted;
}
