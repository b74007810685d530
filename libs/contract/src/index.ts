/** contract */
export {};
