/** identity */
export {};
