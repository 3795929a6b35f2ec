import type { Place } from '../url';

export default function Page({ place }: { place: Place }) {
	return <h1>{place.path}</h1>;
}
