// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../interfaces/ISlaSettlement.sol";

/**
 * @title The credit of each agreement
 * @dev Three counters that only rise; what is outstanding is never stored, so it cannot disagree with them.
 */
library CreditLedger {
    struct Ledger {
        mapping(bytes32 agreementId => ISlaSettlement.Balance) balances;
        mapping(bytes32 agreementId => mapping(bytes32 invoiceRefHash => bool)) invoices;
    }

    function accrue(Ledger storage self, bytes32 agreementId, uint96 amountMinor) internal {
        self.balances[agreementId].accrued += amountMinor;
    }

    function redeem(Ledger storage self, bytes32 agreementId, bytes32 invoiceRefHash, uint96 amountMinor) internal {
        if (invoiceRefHash == 0 || amountMinor == 0) {
            revert ISlaSettlement.SLAInvalidRedemption(invoiceRefHash, amountMinor);
        }
        if (self.invoices[agreementId][invoiceRefHash]) {
            revert ISlaSettlement.SLAInvoiceAlreadyUsed(agreementId, invoiceRefHash);
        }
        ISlaSettlement.Balance storage balance = self.balances[agreementId];
        uint96 outstanding = balance.accrued - balance.redeemed - balance.revoked;
        if (amountMinor > outstanding) {
            revert ISlaSettlement.SLAInsufficientCredit(agreementId, amountMinor, outstanding);
        }
        self.invoices[agreementId][invoiceRefHash] = true;
        balance.redeemed += amountMinor;
    }
}
