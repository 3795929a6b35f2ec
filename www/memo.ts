// A component that is drawn again only when one of its properties is another.

import { Component, h, type ComponentType, type FunctionComponent } from 'preact';

function differ(one: object, other: object): boolean {
	const keys = Object.keys(one) as (keyof typeof one)[];
	return keys.length !== Object.keys(other).length || keys.some(key => !Object.is(one[key], other[key]));
}

export function memo<P extends object>(Of: FunctionComponent<P>): ComponentType<P> {
	return class extends Component<P> {
		override shouldComponentUpdate(next: P) {
			return differ(this.props, next);
		}

		override render() {
			return h(Of, this.props as P);
		}
	};
}
