/**
 * Why a device cannot follow a group any more, where it is not the code of an entry that was refused.
 *
 * @module
 */

/** The log begins after what this device has read. */
export const LOG_TRUNCATED = 'LOG_TRUNCATED';

/** The log has lost what this device has read, and cannot take it back: the device needs a new invitation. */
export const LOG_LOST = 'LOG_LOST';

/** The service has signed two receipts that cannot both be true: there is no coming back by itself. */
export const SERVICE_LIED = 'SERVICE_LIED';
