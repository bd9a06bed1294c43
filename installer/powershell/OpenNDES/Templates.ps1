# SPDX-License-Identifier: Apache-2.0
#
# Cmdlets for templates.

function Get-OpenNdesTemplate {
    <#
    .SYNOPSIS
    Gets templates: the SCEP URLs of this server and what they issue.

    .DESCRIPTION
    Lists templates with their state, CA and kind of challenge. A template whose file is broken has Error and
    Reason and no other members. IncludeSetting adds the value in force of every setting.

    .PARAMETER Name
    Names of templates; * and ? are allowed. Without it all are listed.

    .PARAMETER IncludeSetting
    Adds the member Setting, a dictionary of all settings as "openndes config explain" names them.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesTemplate

    Lists all templates.

    .EXAMPLE
    (Get-OpenNdesTemplate -Name vpn -IncludeSetting).Setting['validity.days']

    Shows for how many days certificates of the template vpn are valid.
    #>
    [CmdletBinding()]
    [OutputType('OpenNDES.Template')]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [SupportsWildcards()]
        [ValidateNotNullOrEmpty()]
        [string[]]$Name = @('*'),

        [switch]$IncludeSetting,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('template', 'list', '--json')
        $all = @(ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.Template' -Names 'Enabled', 'CA', 'Challenge', 'Description', 'Error', 'Reason')
        foreach ($pattern in $Name) {
            $found = @($all | Where-Object -FilterScript { $_.Name -like $pattern })
            if ($found.Count -eq 0 -and -not [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($pattern)) {
                $exception = New-Object System.InvalidOperationException "There is no template $pattern."
                $PSCmdlet.ThrowTerminatingError((New-Object System.Management.Automation.ErrorRecord $exception, 'template-missing', 'ObjectNotFound', $pattern))
            }
            foreach ($template in $found) {
                if ($IncludeSetting -and $null -eq $template.Error) {
                    $shown = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('template', 'show', $template.Name, '--json') -Target $template.Name
                    $setting = ConvertTo-OpenNdesDictionary -Text $shown
                    $setting.Remove('name')
                    $template | Add-Member -NotePropertyName 'Setting' -NotePropertyValue $setting
                }
                $template
            }
        }
    }
}

function Set-OpenNdesTemplate {
    <#
    .SYNOPSIS
    Changes settings of a template.

    .DESCRIPTION
    Changes one or more settings of a template; all are checked together and written together, or none. A
    running service takes them over within seconds.

    .PARAMETER Name
    The template.

    .PARAMETER Setting
    A dictionary of settings, such as @{ 'validity.days' = 365; 'san.types' = 'dns', 'ip' }. "openndes config
    explain" lists them.

    .PARAMETER Passphrase
    A new passphrase for a template with challenge.type static, 16 characters or more. It reaches the program by
    standard input.

    .PARAMETER PassThru
    Gives the changed template.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Set-OpenNdesTemplate -Name vpn -Setting @{ 'validity.days' = 90; 'key.rsa_min_bits' = 3072 }

    Changes two settings of the template vpn.

    .EXAMPLE
    Set-OpenNdesTemplate -Name phones -Passphrase (Read-Host -AsSecureString -Prompt 'Passphrase')

    Gives the template phones another passphrase.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('OpenNDES.Template')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Name,

        [Parameter(Position = 1)]
        [System.Collections.IDictionary]$Setting = @{},

        [System.Security.SecureString]$Passphrase,

        [switch]$PassThru,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $arguments = @('template', 'set', $Name)
        $arguments += @(ConvertTo-OpenNdesSetting -Cmdlet $PSCmdlet -Setting $Setting)
        $keys = @($Setting.Keys)
        if ($null -ne $Passphrase) {
            $arguments += 'challenge.passphrase=-'
            $keys += 'challenge.passphrase'
        }
        if ($PSCmdlet.ShouldProcess($Name, 'Set ' + ($keys -join ', '))) {
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Secret $Passphrase -Target $Name)
            if ($PassThru) {
                $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('template', 'list', '--json')
                ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.Template' -Names 'Enabled', 'CA', 'Challenge', 'Description', 'Error', 'Reason' |
                    Where-Object -FilterScript { $_.Name -eq $Name }
            }
        }
    }
}

function Enable-OpenNdesTemplate {
    <#
    .SYNOPSIS
    Turns templates on.

    .DESCRIPTION
    Devices can enrol with a template only while it is on. A running service takes it over within seconds.

    .PARAMETER Name
    The template; from the pipeline too.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Enable-OpenNdesTemplate -Name vpn

    Turns the template vpn on.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Name,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        if ($PSCmdlet.ShouldProcess($Name, 'Enable template')) {
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('template', 'enable', $Name) -Target $Name)
        }
    }
}

function Disable-OpenNdesTemplate {
    <#
    .SYNOPSIS
    Turns templates off.

    .DESCRIPTION
    A template that is off answers nobody; its certificates stay valid. A running service takes it over within
    seconds.

    .PARAMETER Name
    The template; from the pipeline too.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesTemplate -Name test* | Disable-OpenNdesTemplate

    Turns all templates off whose name begins with test.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Name,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        if ($PSCmdlet.ShouldProcess($Name, 'Disable template')) {
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('template', 'disable', $Name) -Target $Name)
        }
    }
}
