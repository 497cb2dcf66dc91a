/** What the fake program refuses with: the same structures as the real one's. */
import { HostError, type Problem, type ProblemDetail } from './host';

/** A refusal as tests write it: without a detail, its message is all that is known. */
export type Refusal = Pick<Problem, 'code' | 'message'> & { detail?: ProblemDetail };

/** The problem of a refusal. */
export function problemFrom({ code, message, detail }: Refusal): Problem {
  return { code, message, detail: detail ?? { kind: 'unworded', text: message } };
}

/** What the fake throws itself. Its English sentence is for logs, which it has none of. */
export function refused(code: Problem['code'], detail: ProblemDetail): HostError {
  return new HostError({ code, detail, message: detail.kind });
}
