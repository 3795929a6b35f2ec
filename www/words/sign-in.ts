export const signIn = {
	title: 'Sign in',
	name: 'Name',
	password: 'Password',
	submit: 'Sign in',
	again: 'Your sign-in has ended. Sign in to go on where you were.',
	byLink: 'Signing in by the link …',
	linkFailed: 'This link does not work: it is used once, and for 5 minutes. Make another one:',
	noAccount: 'No account yet, or no password? Make a link on the machine itself:',
	command: 'kruxos login-link',
	wrong: 'Name or password is wrong.',
	tooMany: (seconds: number) => `Too many attempts. Try again in ${seconds} s.`,
	unreachable: (sentence: string) => `Nobody can be signed in now: ${sentence}`,
};
